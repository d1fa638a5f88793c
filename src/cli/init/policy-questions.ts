import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatEnvironmentError } from '../../config/errors.ts';
import { parseConfig } from '../../config/parse-config.ts';
import { worstResult } from '../../domain/precheck.ts';
import { messages } from '../../messages/catalog.ts';
import type { SetupCheck, SlackSetup } from '../cli-app.ts';
import { readConfiguration } from '../command-context.ts';
import { programName } from '../process-io.ts';
import type { InitContext } from './init-context.ts';
import { type PolicyFacts, renderPolicyFile } from './policy-file.ts';
import { accepted, askUntilAccepted, refused } from './questions.ts';

const texts = messages.init;

/** Writes operators and channel into a new syncbot.yml. Returns the text of the next step. */
export async function askOperatorsAndChannel(context: InitContext, slack: SlackSetup): Promise<string> {
  const { terminal, io, value } = context;
  const path = value('SYNCBOT_CONFIG') ?? 'syncbot.yml';
  if (existsSync(resolve(io.folder, path))) return describeExisting(context, path);
  const botToken = value('SLACK_BOT_TOKEN') ?? '';
  const typedOperators = await askUntilAccepted(terminal, {
    ...texts.operators,
    suggestion: null,
    check: (typed) => checkOperators(toIds(typed), (id) => slack.checkOperator(botToken, id)),
  });
  const typedChannel = await askUntilAccepted(terminal, {
    text: texts.channel.text,
    suggestion: null,
    check: async (typed) => {
      const channel = toChannel(typed);
      if (channel === null) return accepted;
      const form = checkForm({ operators: [], channel });
      if (form.result !== 'pass') return form;
      const { result, message } = await slack.checkChannel(botToken, channel);
      return { result, message: texts.about(channel, message) };
    },
  });
  const facts = { operators: toIds(typedOperators), channel: toChannel(typedChannel) };
  await writeFile(resolve(io.folder, path), renderPolicyFile(facts), { flag: 'wx' });
  terminal.print(texts.written(path));
  return texts.next(programName(io));
}

async function describeExisting({ terminal, io, value }: InitContext, path: string): Promise<string> {
  const env = { ...io.env, REDIS_URL: value('REDIS_URL') ?? '', SYNCBOT_CONFIG: resolve(io.folder, path) };
  const read = await readConfiguration({ ...io, env }, {});
  if (read.kind === 'refused') {
    terminal.print(`${texts.policyUnreadable(path)}\n${read.error.message}`);
    return texts.next(programName(io));
  }
  terminal.print(texts.policyKept(path, read.config.policy.operators));
  return (read.config.projects.length === 0 ? texts.next : texts.nextApply)(programName(io));
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
  checkOperator: (id: string) => Promise<SetupCheck>,
): Promise<SetupCheck> {
  const form = checkForm({ operators: ids, channel: null });
  if (form.result !== 'pass' || ids.length === 0) return ids.length === 0 ? refused(texts.needsAnswer) : form;
  const checks = await Promise.all(ids.map(checkOperator));
  const lines = ids.map((id, index) => texts.about(id, checks[index]?.message ?? ''));
  return { result: worstResult(checks), message: lines.join('\n') };
}

/** By the rules of syncbot.yml. */
function checkForm(facts: PolicyFacts): SetupCheck {
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
