import { z } from 'zod';
import type { AlertGroup } from '../../src/domain/alert-group.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import { readOperationRef } from '../../src/slack/button-values.ts';
import { slackFormatter } from '../../src/slack/views/mrkdwn.ts';
import { buildOutcome } from '../../src/slack/views/outcome.ts';
import { buttonsOf, renderedText } from '../fake-slack/rendered-message.ts';
import type { MessageView } from '../fake-slack/types.ts';
import type { Violation } from '../fake-slack/violations.ts';
import { waitFor } from '../support/wait-for.ts';
import { findUntrueBatches } from './batch-check.ts';
import { type BatchRecord, isBatchText, readBatches } from './batch-records.ts';
import { slackChannel } from './bot.ts';
import { slackUsers } from './commands.ts';
import { dateOf, doneWords, personText, textOf } from './message-text.ts';
import { alertDestinations } from './quiesce.ts';
import { type Fields, type ProjectRecords, readRecords } from './records.ts';
import { transitions } from './state-model.ts';
import type { System } from './system.ts';

const format = slackFormatter('/sync');

const endWords: Readonly<Record<string, (action: string) => RegExp>> = {
  done: (action) => (action === 'retry' ? /Retried / : new RegExp(` was ${doneWords[action]}`)),
  failed: (action) => new RegExp(`Became Failed|failed|Not ${doneWords[action]}`),
  refused: (action) => new RegExp(`Not ${doneWords[action]}`),
  cancelled: () => /Cancelled/,
  expired: () => /Expired/,
  superseded: () => /Replaced by a newer request/,
};
const inProgress = /(?:Starting|Pausing|Restoring|Re-applying|Adopting|Retrying)…/;
const resolvedAlert = /Resolved|[Ww](?:as|ere) Failed|Ended|Kept Paused|Pause extended until|Removed from syncbot/;

interface SettledFacts {
  readonly records: ReadonlyMap<string, ProjectRecords>;
  readonly batches: readonly BatchRecord[];
  readonly groups: readonly AlertGroup[];
  /** The messages of the bot that every member of a channel sees, and the direct messages. Without replies in threads. */
  readonly messages: readonly MessageView[];
}

/**
 * Compares every message in Slack with the stored records, when nothing is pending. The message of an operation says what its
 * record says, a button offers only what is allowed now, and a resolved alert has no button. Returns what is untrue.
 */
export async function findUntrueMessages(system: System): Promise<string[]> {
  const facts = await readFacts(system);
  const operations = await findUntrueOutcomes(system, facts);
  return [
    ...operations,
    ...(await findUntrueBatches(system, facts)),
    ...findUntrueAlerts(system, facts),
    ...findUntrueDialogs(system, facts),
    ...findUnknownMessages(system, facts),
    ...findWrongButtons(facts),
    ...system.slack.violations.filter(isAvoidable).map((violation) => `Slack: ${JSON.stringify(violation)}`),
  ];
}

/** A use is not counted if its notifier was killed before it recorded the use. Then a later use can be one too many. */
function isAvoidable({ rule }: Violation): boolean {
  return rule !== 'response_url_used_up';
}

async function readFacts({ slack, redis, projects, bots }: System): Promise<SettledFacts> {
  const read = await Promise.all(projects.map(({ id }) => readRecords(redis, id)));
  const channels = [slackChannel, ...slackUsers.map((user) => slack.directMessage(user).id)];
  const stored = await Promise.all(alertDestinations.map((channel) => bots[0]?.context.alertGroups.read(channel)));
  return {
    batches: await readBatches(redis),
    records: new Map(read.map((records) => [records.id, records])),
    groups: stored.flatMap((channel) => [...(channel?.alerts.groups.values() ?? [])]),
    messages: channels
      .flatMap((channel) => slackUsers.flatMap((user) => slack.messagesVisibleTo(user, channel)))
      .filter(({ ts, ephemeralFor, via }, index, all) => {
        const isFirst = all.findIndex((other) => other.ts === ts) === index;
        return isFirst && ephemeralFor === undefined && via !== 'user';
      }),
  };
}

const messageRefSchema = z.object({ channel: z.string(), ts: z.string() });

/** Where the message of an operation is, or null. */
function messageRef(fields: Fields, field = 'message') {
  const json = fields[field] ?? '';
  return json === '' ? null : messageRefSchema.nullable().parse(JSON.parse(json));
}

async function findUntrueOutcomes(system: System, { records, messages }: SettledFacts): Promise<string[]> {
  const violations: string[] = [];
  for (const { id: project, operations } of records.values()) {
    for (const [operation, fields] of operations) {
      const { state = '', action = '' } = fields;
      const report = (text: string) =>
        violations.push(`${project}: the message of ${operation} (${action}, ${state}) ${text}`);
      const ref = messageRef(fields);
      if (ref === null) {
        if (['done', 'failed'].includes(state) && mustHaveMessage(fields)) report('is missing');
        continue;
      }
      if (fields['batch']) report('exists, although it is a part of a batch');
      const message = messages.find(({ ts, channel }) => ts === ref.ts && channel === ref.channel);
      if (message === undefined) {
        report(`does not exist: ${JSON.stringify(ref)}`);
        continue;
      }
      for (const difference of outcomeDifferences(fields, textOf(message))) report(difference);
      const { stored, text } = await readNotified(system, { project, operation }, ref.ts);
      const current = buildOutcome({ operation: stored, projectExists: true, format });
      if (text !== current.text) report(`is “${text}”, its record says “${current.text}”`);
    }
  }
  return violations;
}

/** The message of a batch has the outcomes of its operations. The timer notifies the person who has set it. */
function mustHaveMessage({ origin, batch, timer }: Fields): boolean {
  if (batch) return false;
  return origin === 'slack' || (origin === 'timer' && !timerBy(timer).startsWith('cli:'));
}

function timerBy(timer: string | undefined): string {
  return timer ? z.object({ by: z.string() }).parse(JSON.parse(timer)).by : '';
}

/** An operation and its message at a moment at which the message is up to date. What is followed changes from time to time. */
async function readNotified({ bots, slack }: System, ref: OperationRef, ts: string) {
  const read = async () => (await bots[0]?.context.operations.read(ref)) ?? null;
  const readUnchanged = async () => {
    const before = await read();
    const text = slack.findMessage(ts)?.text;
    const stored = await read();
    const isUnchanged = before?.notifiedSeq === before?.seq && stored?.seq === before?.seq;
    return isUnchanged && stored !== null && text !== undefined && { stored, text };
  };
  return waitFor(readUnchanged, { description: `the message of ${ref.operation}` });
}

/** Compares who, when and what in the text of an ended operation with its record. */
function outcomeDifferences(fields: Fields, text: string): string[] {
  const { state = '', action = '', by = '', finishedAt = '', laterFailure = '', waitEndedBy = '' } = fields;
  // Only a wait is cancelled after its message was posted.
  const decidedBy = state === 'cancelled' ? waitEndedBy : by;
  const person =
    by === 'timer' ? `by the timer that ${personText(timerBy(fields['timer']))} set` : `by ${personText(decidedBy)}`;
  const later = laterFailure === '' ? null : z.object({ at: z.number() }).nullable().parse(JSON.parse(laterFailure));
  const differences = [
    { isWrong: endWords[state]?.(action).test(text) !== true, what: 'does not say its state' },
    { isWrong: inProgress.test(text), what: 'is in progress' },
    { isWrong: !text.includes(person), what: `does not say ${person}` },
    { isWrong: !text.includes(dateOf(Number(finishedAt))), what: `does not have the time ${finishedAt}` },
    { isWrong: state === 'done' && !plannedEnd(fields).test(text), what: 'does not say its planned end' },
    { isWrong: state === 'done' && !waitEnd(fields).test(text), what: 'does not say how its wait ended' },
    { isWrong: /is to be paused/.test(text), what: 'waits' },
    { isWrong: later !== null && !text.includes(dateOf(later.at)), what: 'does not say that it became Failed later' },
  ];
  return differences.filter(({ isWrong }) => isWrong).map(({ what }) => `${what}: “${text}”`);
}

/** What the message of a pause says about the end of its wait. */
function waitEnd({ waitEndedAt = '', waitEndedBy = '' }: Fields): RegExp {
  if (waitEndedAt === '') return /^(?!.*(?:had caught up|Pause Now))/s;
  const who = waitEndedBy === '' ? 'It had caught up' : `${personText(waitEndedBy)} pressed Pause Now`;
  return new RegExp(`${who} .*${escaped(Number(waitEndedAt))}`);
}

const plannedEndSchema = z.object({ at: z.number() });
const limitChangeSchema = z.object({ kind: z.string(), by: z.string(), until: z.number().nullable() });

/** What the message of a pause says about its end. */
function plannedEnd({ pauseUntil = '', limitChange = '', stateEndedAt = '' }: Fields): RegExp {
  if (pauseUntil === '') return /^(?!.*[Pp]lanned end)/s;
  const [label, laterLabel] =
    stateEndedAt === '' ? ['Planned end:', 'planned end:'] : ['Its planned end was', 'its planned end was'];
  if (limitChange === '') return new RegExp(`${label} ${escaped(plannedEndSchema.parse(JSON.parse(pauseUntil)).at)}`);
  const { kind, by, until } = limitChangeSchema.parse(JSON.parse(limitChange));
  if (kind === 'extended') return new RegExp(`${label} ${escaped(until)}.*, extended by ${personText(by)}`);
  const end = until === null ? ', without an end' : `, ${laterLabel} ${escaped(until)}`;
  return new RegExp(`Kept Paused by ${personText(by)} .*${end}`);
}

function escaped(at: number | null): string {
  return dateOf(at ?? 0).replaceAll('^', '\\^');
}

const alertSchema = z.object({ state: z.string(), since: z.number() });

/** The alerts of a project that fire, by kind. */
function firingAlerts(records: ProjectRecords | undefined): Map<string, { readonly since: number }> {
  const alerts = Object.entries(records?.state ?? {}).flatMap(([field, json]) => {
    const [, kind] = /^alert:(.+)$/.exec(field) ?? [];
    return kind === undefined ? [] : [[kind, alertSchema.parse(JSON.parse(json))] as const];
  });
  return new Map(alerts.filter(([, alert]) => alert.state === 'firing'));
}

/**
 * Every alert that fires has a message with buttons that names its project, unless its project had no channel then. The message of
 * a resolved one has no button.
 */
function findUntrueAlerts(system: System, { records, groups, messages }: SettledFacts): string[] {
  const violations: string[] = [];
  for (const { id: project, channel } of system.projects) {
    for (const [kind, { since }] of firingAlerts(records.get(project))) {
      const group = groups.find((each) => each.kind === kind && each.members.get(project)?.since === since);
      const isShown = group?.members.get(project)?.resolvedAt === null && group.message !== null;
      const isSilent = kind === 'queue_created' || (channel === null && group === undefined);
      if (!isShown && !isSilent) violations.push(`${project}: the alert ${kind} fires, and no message says so`);
    }
  }
  for (const { kind, members, message: ref } of groups) {
    if (ref === null) continue;
    const report = (text: string) => violations.push(`the message ${ref.ts} of ${kind} ${text}`);
    const message = messages.find(({ ts, channel }) => ts === ref.ts && channel === ref.channel);
    const firing = [...members].filter(([, { resolvedAt }]) => resolvedAt === null).map(([project]) => project);
    if (message === undefined) report('does not exist');
    else if (firing.length === 0) {
      if (!resolvedAlert.test(message.text)) report(`does not say that it is resolved: “${message.text}”`);
      if (buttonsOf(message).length > 0) report('is resolved and has buttons');
    } else {
      const named = firing.filter((project) => textOf(message).includes(project));
      if (named.length < Math.min(firing.length, maxNamed)) report(`does not name ${firing}: “${message.text}”`);
      if (members.size === 1 && resolvedAlert.test(message.text.split('\n')[0] ?? ''))
        report('says that it is resolved');
      const untrue = firing.filter((project) => !firingAlerts(records.get(project)).has(kind));
      if (untrue.length > 0) report(`fires for ${untrue}, whose alert is resolved`);
    }
  }
  return violations;
}

/** How many projects the message of a group names. */
const maxNamed = 3;

const dialogSchema = z.object({ usesLeft: z.number(), expiresAt: z.number() }).nullable();

/** The dialog whose button was pressed says how the operation ended. One that was never pressed stays as it is. */
function findUntrueDialogs({ slack }: System, { records }: SettledFacts): string[] {
  const violations: string[] = [];
  const ephemerals = slackUsers.flatMap((user) =>
    slack.messagesVisibleTo(user, slackChannel).filter(({ ephemeralFor }) => ephemeralFor === user),
  );
  for (const message of ephemerals) {
    const ref = dialogOperation(message);
    const fields = ref === null ? undefined : records.get(ref.project)?.operations.get(ref.operation);
    if (ref === null || fields === undefined) continue;
    const { dialog = '', state = '', action = '' } = fields;
    const used = dialog === '' ? null : dialogSchema.parse(JSON.parse(dialog));
    if (used === null || used.usesLeft === 0 || state === 'requested') continue;
    const isEnded = endWords[state]?.(action).test(textOf(message)) === true && !inProgress.test(textOf(message));
    const isOpen = buttonsOf(message).some(({ actionId }) => actionId === actionIds.ok);
    if (!isEnded || isOpen)
      violations.push(`${ref.project}: the dialog of ${ref.operation} (${state}) is “${message.text}”`);
  }
  for (const user of slackUsers) {
    const modal = slack.views.modalOf(user);
    if (modal !== undefined && inProgress.test(renderedText(modal)))
      violations.push(`the modal of ${user} is “${renderedText(modal)}”`);
  }
  return violations;
}

function dialogOperation({ versions }: MessageView) {
  const buttons = versions.flatMap((version) => buttonsOf(version));
  return readOperationRef(buttons.find(({ actionId }) => actionId === actionIds.ok)?.value);
}

/**
 * A message that no record knows stays as it is. There is one only for an alert that was resolved, and where a notifier was
 * interrupted between the message and its record.
 */
function findUnknownMessages({ runs }: System, { records, batches, groups, messages }: SettledFacts): string[] {
  const known = new Set<string | undefined>(groups.map(({ message }) => message?.ts));
  for (const batch of batches) for (const { ts } of batch.messages) known.add(ts);
  const interruptions = new Map<string, number>();
  for (const { id, operations } of records.values()) {
    for (const [operation, fields] of operations) {
      for (const field of ['message', 'threadMessage']) known.add(messageRef(fields, field)?.ts);
      const subject = `operation ${operation}` as const;
      interruptions.set(id, (interruptions.get(id) ?? 0) + runs.interruptions(subject));
    }
  }
  interruptions.set('alerts', runs.interruptions('alerts'));
  interruptions.set('batches', runs.interruptions('batches'));
  const unknown = messages.filter(({ ts }) => !known.has(ts)).filter((message) => !isSettledAnyway(message));
  return [...interruptions].flatMap(([subject, interrupted]) => {
    const found = unknown.filter((message) => messageSubject(message) === subject);
    const texts = found.map(({ text }) => `“${text}”`).join();
    return found.length <= interrupted
      ? []
      : [`${subject}: no record knows ${found.length} messages, and ${interrupted} runs were interrupted: ${texts}`];
  });
}

/** A digest, a message about the observer, and a resolved alert. */
function isSettledAnyway(message: MessageView): boolean {
  if (/Nothing happened since|^Digest |Not observed/.test(message.text)) return true;
  return outcomeProject(message) === null && resolvedAlert.test(message.text) && buttonsOf(message).length === 0;
}

function messageSubject(message: MessageView): string {
  return isBatchText(message.text) ? 'batches' : (outcomeProject(message) ?? 'alerts');
}

/** The project of a message of an operation. Null for another message. */
function outcomeProject({ blocks }: MessageView): string | null {
  const ids = blocks.map((block) => String(block['block_id']));
  const [, project] = /^sync:project:([^:]+):\d+$/.exec(ids[0] ?? '') ?? [];
  return project === undefined || ids.some((id) => id.startsWith('sync:alert')) ? null : project;
}

/** A button of a message that a record knows requests only what the state of the project allows. */
function findWrongButtons({ records, groups, messages }: SettledFacts): string[] {
  const known = new Set<string | undefined>(groups.map(({ message }) => message?.ts));
  for (const { operations } of records.values())
    for (const fields of operations.values()) known.add(messageRef(fields)?.ts);
  return messages
    .filter(({ ts }) => known.has(ts))
    .flatMap((message) =>
      buttonsOf(message)
        .filter(({ actionId, value }) => !isAllowed(records, actionId, value ?? ''))
        .map(
          ({ label, value }) =>
            `${label} ${value} is not allowed while ${records.get(value ?? '')?.state['state']}, and a button of “${message.text}”`,
        ),
    );
}

function isAllowed(records: SettledFacts['records'], actionId: string, value: string): boolean {
  const state = records.get(value)?.state['state'] ?? '';
  const [, action] = /^sync:v1:request:(.+)$/.exec(actionId) ?? [];
  if (action !== undefined) return transitions[action]?.from.includes(state) === true;
  if (actionId === actionIds.keepPaused) return state === 'paused';
  if (actionId === actionIds.restoreWithout.alert) return state === 'paused' || state === 'failed';
  return actionId !== actionIds.ok && actionId !== actionIds.cancel;
}
