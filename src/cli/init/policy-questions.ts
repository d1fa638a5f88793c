import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { formatEnvironmentError } from '../../config/errors.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { type FilePolicy, readPolicy, setPolicy } from '../../config/set-policy.ts';
import { worstResult } from '../../domain/precheck.ts';
import { createFile, readIfExists, replaceFile } from '../../lib/text-file.ts';
import { messages } from '../../messages/catalog.ts';
import type { CheckOutcome } from '../../messages/facts.ts';
import type { SlackSetup } from '../cli-app.ts';
import { readConfig } from '../command-context.ts';
import { programName } from '../process-io.ts';
import type { InitContext } from './init-context.ts';
import { renderPolicy, renderPolicyFile } from './policy-file.ts';
import { accepted, askUntilAccepted, refused } from './questions.ts';

const texts = messages.init;

/** Writes operators and channel into syncbot.yml. Suggests those that it has. Returns the text of the next step. */
export async function askOperatorsAndChannel(context: InitContext, slack: SlackSetup): Promise<string> {
  const { terminal, io, value } = context;
  const path = value('SYNCBOT_CONFIG') ?? 'syncbot.yml';
  const file = resolve(io.folder, path);
  if (!existsSync(file)) {
    const answers = await askPolicy(context, slack, { operators: [], channel: null });
    await createFile(file, renderPolicyFile(answers));
    terminal.print(texts.written(path));
    return texts.next(programName(io));
  }
  const read = await readConfig([file], context.env());
  if (read.kind === 'refused') {
    terminal.print(`${texts.policyUnreadable(path)}\n${read.error.message}`);
    return texts.next(programName(io));
  }
  if (statSync(file).isDirectory()) terminal.print(texts.policyKept(path, read.config.policy.operators));
  else await changePolicy(context, slack, { path, file });
  return (read.config.projects.length === 0 ? texts.next : texts.nextApply)(programName(io));
}

async function changePolicy(
  context: InitContext,
  slack: SlackSetup,
  { path, file }: { readonly path: string; readonly file: string },
): Promise<void> {
  const { terminal } = context;
  const present = readPolicy((await readIfExists(file)) ?? '');
  const answers = await askPolicy(context, slack, present);
  if (isDeepStrictEqual(answers, present)) return terminal.print(texts.policySame(path));
  const edited = setPolicy((await readIfExists(file)) ?? '', answers);
  if (edited === null)
    return terminal.print(
      texts.policyByHand(path, renderPolicy(answers), answers.channel === null && present.channel !== null),
    );
  await replaceFile(file, edited);
  terminal.print(texts.policyChanged(path));
}

/** Enter keeps what is present. It is not checked, because the user may only want to change another answer. */
async function askPolicy(context: InitContext, slack: SlackSetup, present: FilePolicy): Promise<FilePolicy> {
  const { terminal, value } = context;
  const botToken = value('SLACK_BOT_TOKEN') ?? '';
  const isPresent = present.operators.length > 0;
  const operators = present.operators.join(', ');
  const typedOperators = await askUntilAccepted(terminal, {
    ...texts.operators,
    suggestion: isPresent ? operators : null,
    check: (typed) =>
      isPresent && typed === operators
        ? accepted
        : checkOperators(toIds(typed), (id) => slack.checkOperator(botToken, id)),
  });
  const typedChannel = await askUntilAccepted(terminal, {
    text: texts.channel.text,
    suggestion: present.channel ?? (isPresent ? texts.channel.none : null),
    check: async (typed) => {
      const channel = toChannel(typed);
      if (channel === present.channel || channel === null) return accepted;
      const form = checkForm({ operators: [], channel });
      if (form.result !== 'pass') return form;
      const { result, message } = await slack.checkChannel(botToken, channel);
      return { result, message: texts.about(channel, message) };
    },
  });
  return { operators: toIds(typedOperators), channel: toChannel(typedChannel) };
}

function toIds(typed: string): string[] {
  return [...new Set(typed.split(/[\s,]+/).filter((id) => id !== ''))];
}

/** The id of a channel. Null for none. */
function toChannel(typed: string): string | null {
  return typed.toLowerCase() === texts.channel.none ? null : typed;
}

async function checkOperators(
  ids: readonly string[],
  checkOperator: (id: string) => Promise<CheckOutcome>,
): Promise<CheckOutcome> {
  const form = checkForm({ operators: ids, channel: null });
  if (form.result !== 'pass' || ids.length === 0) return ids.length === 0 ? refused(texts.needsAnswer) : form;
  const checks = await Promise.all(ids.map(checkOperator));
  const lines = ids.map((id, index) => texts.about(id, checks[index]?.message ?? ''));
  return { result: worstResult(checks), message: lines.join('\n') };
}

/** By the rules of syncbot.yml. */
function checkForm(facts: FilePolicy): CheckOutcome {
  // The ids are quoted, so that the text stays YAML with any answer.
  const quoted = {
    operators: facts.operators.map((id) => JSON.stringify(id)),
    channel: facts.channel && JSON.stringify(facts.channel),
  };
  const parsed = parseConfig(renderPolicyFile(quoted), {});
  if (parsed.kind === 'read') return accepted;
  return refused(
    parsed.errors
      .map(({ path, message, hint }) => formatEnvironmentError({ name: path, message, hint: hint ?? '' }))
      .join('\n'),
  );
}
