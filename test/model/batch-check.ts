import { z } from 'zod';
import { actionIds } from '../../src/slack/action-ids.ts';
import { buttonsOf } from '../fake-slack/rendered-message.ts';
import type { MessageView } from '../fake-slack/types.ts';
import type { BatchRecord } from './batch-records.ts';
import { slackChannel } from './bot.ts';
import { slackUsers } from './commands.ts';
import { dateOf, doneWords, personText, textOf } from './message-text.ts';
import type { ProjectRecords } from './records.ts';
import type { System } from './system.ts';

interface SettledBatches {
  readonly records: ReadonlyMap<string, ProjectRecords>;
  readonly batches: readonly BatchRecord[];
  readonly messages: readonly MessageView[];
}

/**
 * When nothing is pending: a batch has one operation for each project that it has begun, the results of these operations, and
 * one message that says so. A batch that no person confirmed has none of them.
 */
export async function findUntrueBatches(system: System, facts: SettledBatches): Promise<string[]> {
  const violations: string[] = [];
  for (const batch of facts.batches) {
    const report = (text: string) => violations.push(`the batch ${batch.id} (${batch.action}, ${batch.state}) ${text}`);
    for (const text of recordDifferences(batch, facts)) report(text);
    for (const text of messageDifferences(batch, facts)) report(text);
    for (const text of dialogDifferences(system, batch)) report(text);
  }
  return violations;
}

function recordDifferences(batch: BatchRecord, { records }: SettledBatches): string[] {
  const { id, items, state, started, results, isStoppedByPerson, by, action } = batch;
  const differences: string[] = [];
  const isBegun = state === 'done' || state === 'stopped';
  if (!isBegun && started > 0) differences.push(`has begun ${started} operations`);
  if (state === 'done' && started < items.length && !isStoppedByPerson)
    differences.push(`has ended after ${started} of ${items.length} projects`);
  if (batch.catchingUp !== null) differences.push(`has projects that wait: ${JSON.stringify(batch.catchingUp)}`);
  const begun = isBegun ? items.slice(0, started) : [];
  const expected = begun.map(({ project }) => project).sort();
  if (Object.keys(results).sort().join() !== expected.join())
    differences.push(`has results of ${Object.keys(results)}, and has begun ${expected}`);
  for (const [project, { operations }] of records) {
    const index = items.findIndex((item) => item.project === project);
    const own = [...operations].filter(([, fields]) => fields['batch'] === id);
    const [operation] = own;
    const ids = own.map(([operationId]) => operationId).join();
    const result = results[project];
    if (operation === undefined) {
      if (result !== undefined && !['claim_timeout', 'removed'].includes(result.refusal?.code ?? ''))
        differences.push(`has no operation on ${project}, whose result is ${JSON.stringify(result)}`);
      continue;
    }
    const [, fields] = operation;
    if (ids !== `${id}-${index}`) differences.push(`has the operations ${ids} on ${project}`);
    if (result === undefined) differences.push(`has no result of ${project}, which is ${fields['state']}`);
    const linksDone = fields['outcome']
      ? z.object({ linksDone: z.number() }).parse(JSON.parse(fields['outcome']))
      : null;
    const refusal = fields['refusal'] ? JSON.parse(fields['refusal']) : null;
    const actual = { state: fields['state'], code: refusal?.code ?? null, linksDone: linksDone?.linksDone ?? null };
    const recorded = {
      state: result?.state,
      code: result?.refusal?.code ?? null,
      linksDone: result?.linksDone ?? null,
    };
    if (JSON.stringify(actual) !== JSON.stringify(recorded))
      differences.push(`says ${JSON.stringify(recorded)} of ${project}, whose operation is ${JSON.stringify(actual)}`);
    if (
      fields['by'] !== by ||
      fields['action'] !== action ||
      fields['projectVersion'] !== String(items[index]?.projectVersion)
    )
      differences.push(`has the operation ${JSON.stringify(fields)}`);
  }
  return differences;
}

function messageDifferences(batch: BatchRecord, { records, messages }: SettledBatches): string[] {
  const { state, items, refused, by, finishedAt, messages: refs } = batch;
  const isPublic = state === 'done' || state === 'stopped';
  if (!isPublic) return refs.length === 0 ? [] : ['has a message'];
  const [ref] = refs;
  const message = messages.find(({ ts, channel }) => ts === ref?.ts && channel === ref.channel);
  if (message === undefined || refs.length > 1) return [`has the messages ${JSON.stringify(refs)}`];
  const text = textOf(message);
  const operationOf = (project: string, index: number) =>
    records.get(project)?.operations.get(`${batch.id}-${index}`) ?? {};
  const stateOf = (project: string, index: number) => operationOf(project, index)['state'] ?? null;
  const begun = items.slice(0, batch.started);
  const done = begun.filter(({ project }, index) => stateOf(project, index) === 'done');
  const failed = begun.filter(({ project }, index) => stateOf(project, index) !== 'done');
  // The button of a project that has left the state would not be true.
  const isUnchanged = ({ project }: { readonly project: string }) =>
    (operationOf(
      project,
      items.findIndex((item) => item.project === project),
    )['stateEndedAt'] ?? '') === '';
  const restorable = done.filter(isUnchanged).length;
  const word = doneWords[batch.action] ?? '';
  const [first = '', second = ''] = items.map(({ project }) => project);
  const others = items.length === 2 ? second : `${items.length - 1} more`;
  const names = items.length === 1 ? first : `${first} and ${others}`;
  const ofAll = done.length === items.length ? `${done.length}` : `${done.length} of ${items.length}`;
  const ended =
    items.length === 1 && done.length === 0 ? `1 project was not ${word}` : `${ofAll} projects? (?:was|were) ${word}`;
  const summary =
    state === 'done'
      ? new RegExp(`^${names} · ${ended} · by ${personText(by)}`)
      : new RegExp(
          `^${names} · \\w+ stopped · ${done.length} of ${items.length} projects? ${word} · by ${personText(by)}`,
        );
  const line = ({ project }: { readonly project: string }) =>
    new RegExp(`^${project} · (?:Not ${word}: |Became Failed)`, 'm').test(text);
  const leftOut = items.length - begun.length;
  const expectedButtons =
    state === 'stopped'
      ? ['Go On', 'Stop']
      : [
          ...(failed.some(isUnchanged) ? ['Retry Failed'] : []),
          ...(batch.action === 'pause' && restorable > 0 ? [`Restore Those ${restorable}`] : []),
        ];
  const buttons = buttonsOf(message).map(({ label }) => label);
  const unnamed = failed.filter((item) => !line(item));
  const wronglyNamed = done.filter(line);
  const problems = [
    { isWrong: !summary.test(message.text), what: `does not say ${summary}` },
    { isWrong: unnamed.length > 0, what: `does not name ${JSON.stringify(unnamed)}` },
    { isWrong: wronglyNamed.length > 0, what: `says that ${JSON.stringify(wronglyNamed)} was not done` },
    { isWrong: state === 'done' && !text.includes(dateOf(finishedAt)), what: `does not have the time ${finishedAt}` },
    { isWrong: refused.length > 0 !== text.includes('Left out, because '), what: `has left out ${refused.length}` },
    {
      isWrong: state === 'done' && leftOut > 0 !== /because the waves were stopped/.test(text),
      what: `has not begun ${leftOut}`,
    },
    { isWrong: buttons.join() !== expectedButtons.join(), what: `has the buttons ${buttons}, not ${expectedButtons}` },
  ];
  return problems.filter(({ isWrong }) => isWrong).map(({ what }) => `has a message that ${what}: “${text}”`);
}

const endedDialogs: Readonly<Record<string, RegExp>> = {
  done: /projects? (?:was|were) /,
  stopped: /… \d+ of|stopped/,
  cancelled: /Cancelled/,
  expired: /Expired/,
};

/** The dialog whose button was pressed says how the batch ended. */
function dialogDifferences({ slack }: System, { id, state, by }: BatchRecord) {
  const user = slackUsers.find((each) => each === by);
  if (user === undefined || state === 'requested') return [];
  const shown = slack
    .messagesVisibleTo(user, slackChannel)
    .filter(({ ephemeralFor }) => ephemeralFor === user)
    .filter(({ versions }) =>
      versions.some((version) =>
        buttonsOf(version).some((each) => each.actionId === actionIds.batch.ok && each.value === id),
      ),
    );
  return shown
    .filter((message) => message.versions.length > 1)
    .filter((message) => endedDialogs[state]?.test(textOf(message)) !== true)
    .map((message) => `has the dialog “${message.text}”`);
}
