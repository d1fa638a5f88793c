import {
  type Batch,
  type BatchItem,
  changedItems,
  countItems,
  currentEnds,
  doneItems,
  type ItemResult,
  type RefusedItem,
} from '../../domain/batch.ts';
import type { Action } from '../../domain/lifecycle.ts';
import type { SourceLogEnd } from '../../domain/source-log-retention.ts';
import type { BatchFacts, BatchRequestFacts } from '../facts.ts';
import { type Formatter, joinDots } from '../format.ts';
import { catchUp } from './catch-up.ts';
import { allOf, capitalize, formatDuration, formatNumber, formatReason, nameAndMore, pluralize } from './format.ts';
import { pastReason } from './past-refusals.ts';
import { actions, nothingChanged, states } from './terms.ts';

/** `carts and 6 more`. */
function names(items: readonly { readonly project: string }[]): string {
  return nameAndMore(items.map(({ project }) => project));
}

/** What OK would do to the links: nothing is done yet. */
const effects: Readonly<Record<Action, (items: readonly BatchItem[]) => string>> = {
  start: () => 'start to take tasks.',
  pause: (items) => {
    const end = items.every(({ pauseUntil }) => pauseUntil !== null) ? 'the planned end' : 'you restore the projects';
    return `stop taking tasks. Tasks in flight finish. Latency will grow until ${end}.`;
  },
  restore: () => 'take tasks again. Failed tasks are retried before newer ones.',
};

type EarlierBatch = Pick<Batch, 'id' | 'action' | 'by' | 'requestedAt' | 'reason'>;

/** One action on several projects. */
export const batch = {
  /** `Pause 5 of 7 projects`. */
  question: ({ action, items, refused, catchUpMs }: BatchRequestFacts) => {
    const of = refused.length === 0 ? '' : ` of ${formatNumber(items.length + refused.length)}`;
    const when = catchUpMs === null ? '' : ` ${items.length === 1 ? catchUp.when : catchUp.whenAll}`;
    return `${actions[action].label} ${formatNumber(items.length)}${of} ${items.length + refused.length === 1 ? 'project' : 'projects'}${when}`;
  },
  /** Without the blocks: `carts and 4 more · Pause 5 of 7 projects?` */
  headline: (facts: BatchRequestFacts) => joinDots(names(facts.items), `${batch.question(facts)}?`),
  effect: ({ action, items, links, catchUpMs }: BatchRequestFacts) =>
    `If you press OK, ${catchUpMs === null ? '' : `${catchUp.eachWaits(catchUpMs)} Then `}${pluralize(links, 'link')} of ${pluralize(items.length, 'project')} ${effects[action](items)}`,
  /** `5 of 7 can be paused`. */
  allowed: ({ action, items, refused }: BatchRequestFacts) => {
    const can = `can be ${actions[action].done}`;
    if (refused.length > 0)
      return `${formatNumber(items.length)} of ${formatNumber(items.length + refused.length)} ${can}`;
    return items.length === 1 ? `It ${can}` : `${allOf(items.length)} ${can}`;
  },
  /** `In waves of 5 projects. A wave begins when the one before has caught up.` */
  inWaves: ({ waves }: BatchRequestFacts) => {
    if (waves === null) return null;
    const begins =
      waves.wait === 'caughtUp'
        ? 'when the one before has caught up'
        : `${formatNumber(Math.round(waves.wait / 1_000))} s after the one before has ended`;
    return `In waves of ${pluralize(waves.size, 'project')}. A wave begins ${begins}. If a project is not restored, the next waves wait for Go On or Stop.`;
  },
  /** When the pauses end by themselves. Null if no project has a limit. */
  plannedEnd: (items: readonly BatchItem[], format: Formatter) => {
    const durations = items.flatMap(({ pauseUntil }) => pauseUntil?.durationMs ?? []);
    if (durations.length > 0) return plannedDurationText(durations, items.length);
    return plannedEndText(
      items.flatMap(({ pauseUntil }) => pauseUntil?.at ?? []),
      { total: items.length, format },
    );
  },
  /** The same, of the projects that have not been changed since, with the ends as they were moved. */
  plannedEndNow: ({ batch: record, items, format }: BatchFacts) =>
    plannedEndText(currentEnds(record, items), { total: items.length, format }),
  /** The planned end is after the end of a source's log. Null if it is not. */
  endsTooLate: (logEnds: readonly SourceLogEnd[], format: Formatter) => {
    const late = logEnds.filter(({ isPauseTimed }) => isPauseTimed);
    const [first] = late;
    if (first === undefined) return null;
    const source = late.length === 1 ? 'its source' : 'the first of their sources';
    return `The planned end is too late for ${names(late)}: ${source} keeps its log only until ${format.time(first.until)}, and after that changes may be lost.`;
  },
  /** Until when to restore pauses without an end. Null if no source of theirs has `logRetention`. */
  restoreBefore: (logEnds: readonly SourceLogEnd[], format: Formatter) => {
    const open = logEnds.filter(({ isPauseTimed }) => !isPauseTimed);
    const [first] = open;
    if (first === undefined) return null;
    const until = format.time(first.until);
    return open.length === 1
      ? `The source of ${first.project} keeps its log until ${until}: restore ${first.project} before then.`
      : `The sources of ${names(open)} keep their logs for a limited time: restore the projects before ${until}, when the first log ends.`;
  },
  /** No worker has taken the operations for a while. */
  unclaimed: ({ projects, until }: { readonly projects: number; readonly until: number }, format: Formatter) =>
    `No syncbot worker has taken ${pluralize(projects, 'project')} yet. Those that none takes before ${format.time(until)} are refused, and are not changed. Check that syncbot runs with the role worker or all.`,
  /** What has become of the projects that a pause has paused. Null if nothing has. */
  changedSince: ({ batch: record, items, format }: BatchFacts) => {
    const done = doneItems({ results: record.results, items });
    const changed = changedItems(record, done);
    if (record.action !== 'pause' || changed.length === 0) return null;
    const last = format.at(Math.max(...changed.map(({ project }) => record.results[project]?.stateEndedAt ?? 0)));
    if (changed.length === 1) return `Restored or changed since: ${names(changed)}, ${last}`;
    const which =
      changed.length === done.length
        ? changed.length === 2
          ? names(changed)
          : `all ${pluralize(changed.length, 'project')}`
        : `${formatNumber(changed.length)} of ${pluralize(done.length, 'project')}, ${names(changed)}`;
    return `Restored or changed since: ${which}, the last one ${last}`;
  },
  /** The projects that were done and became Failed later. Null if none did. */
  failedLater: ({ batch: { results }, items, format }: BatchFacts) => {
    const failed = items.flatMap((item) => {
      const failedAt = results[item.project]?.failedAt ?? null;
      return failedAt === null ? [] : [{ ...item, failedAt }];
    });
    if (failed.length === 0) return null;
    const last = format.at(Math.max(...failed.map(({ failedAt }) => failedAt)));
    const which =
      failed.length === 1 ? names(failed) : `${pluralize(failed.length, 'project')}, ${names(failed)}, the last one`;
    return `Became ${states.failed} later: ${which}${failed.length === 1 ? ',' : ''} ${last}`;
  },
  /** What the person selected. `earlier`: the batches that the selection names. */
  selected: (selection: string, earlier: readonly EarlierBatch[], format: Formatter) => {
    const [only] = earlier;
    if (only === undefined || selection !== `batch:${only.id}`) return `Selected: ${format.text(selection, 150)}`;
    const { action, by, requestedAt, reason } = only;
    const why = formatReason(reason, format, 100);
    return `Selected: the projects of the ${actions[action].verb} by ${format.person(by)} ${format.at(requestedAt)}${why === null ? '' : `, “${why}”`}`;
  },
  /** A project that the batch leaves out. */
  refusedLine: ({ project, refusal }: RefusedItem, format: Formatter) => {
    if (refusal.code !== 'changed') return joinDots(project, pastReason(refusal, format));
    const { state, since, by } = refusal;
    return joinDots(
      project,
      `changed since that pause, or not paused by it: it was ${states[state]}, since ${format.time(since)}, by ${format.person(by)}`,
    );
  },
  noneAllowed: ({ action, refused }: { readonly action: Action; readonly refused: readonly RefusedItem[] }) =>
    joinDots(
      names(refused),
      `None of ${pluralize(refused.length, 'project')} can be ${actions[action].done}. ${nothingChanged}`,
    ),
  tooMany: (count: number, max: number) =>
    `This selects ${pluralize(count, 'project')}. At most ${formatNumber(max)} can be changed at once. ${nothingChanged} Select fewer, for example by a label.`,
  /** The first line of the message of a batch. */
  state: (facts: BatchFacts) => joinDots(names(facts.items), ...stateText(facts)),
  /** `by @alice at 18:53 · we deploy`. */
  attribution: ({ batch: { by, reason, finishedAt }, format }: BatchFacts) => {
    const end = finishedAt === null ? '' : ` ${format.at(finishedAt)}`;
    return joinDots(`by ${format.person(by)}${end}`, formatReason(reason, format));
  },
  /** A project of the batch that was not done. */
  failedLine: ({ project }: BatchItem, result: ItemResult, { batch: { action }, items, format }: BatchFacts) =>
    joinDots(project, failedReason(result, { action, links: linksOf(items, project), format })),
  /** Above the lines of these projects. */
  leftOutTitle: 'Left out:',
  leftOut: ({ batch: { action }, refused }: BatchFacts) =>
    `Left out, because ${refused.length === 1 ? 'it' : 'they'} could not be ${actions[action].done}: ${names(refused)}`,
  notBegun: (count: number, { batch: { action } }: BatchFacts) =>
    `${pluralize(count, 'project')} ${count === 1 ? 'was' : 'were'} not ${actions[action].done}, because the waves were stopped`,
  /** A batch in waves that was stopped by a failure. */
  stoppedAdvice: (waiting: number) =>
    `${pluralize(waiting, 'project')} ${waiting === 1 ? 'waits' : 'wait'} for the next waves. Check the projects that were not restored, then press Go On or Stop.`,
  /** Go On or Stop, after another person was faster or the batch has ended. */
  notStopped: (facts: BatchFacts) => `${batch.state(facts)}. The batch does not wait for an answer any more.`,
  /** Cancel of the pauses that wait, after another person was faster or the waits have ended. */
  noneWaits: (facts: BatchFacts) =>
    `${batch.state(facts)}. None of its pauses waits any more. This press changed nothing.`,
  unknown: `This request does not exist any more. ${nothingChanged}`,
  outcomeUnknown:
    'Redis did not answer. It is not known whether your answer was stored. Check the states of the projects.',
  seeMessage: (channel: string) => `see the message in ${channel}`,
  retryFailed: 'Retry Failed',
  goOn: 'Go On',
  stop: 'Stop',
  /** `Restore Those 5`. */
  restoreThose: (count: number) => `Restore Those ${formatNumber(count)}`,
};

/** Of pauses that begin when their projects have caught up. */
function plannedDurationText(durations: readonly number[], total: number): string {
  const [first, last] = [Math.min(...durations), Math.max(...durations)];
  const after = first === last ? formatDuration(first) : `between ${formatDuration(first)} and ${formatDuration(last)}`;
  const of = durations.length === total ? '' : ` of ${pluralize(durations.length, 'project')}`;
  return `Planned end${of}: ${after} after the pause of a project has begun`;
}

function plannedEndText(
  ends: readonly number[],
  { total, format }: { readonly total: number; readonly format: Formatter },
): string | null {
  if (ends.length === 0) return null;
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  const when = first === last ? format.time(first) : `between ${format.time(first)} and ${format.time(last)}`;
  const of = ends.length === total ? '' : ` of ${pluralize(ends.length, 'project')}`;
  return `Planned end${of}: ${when}`;
}

function stateText(facts: BatchFacts): string[] {
  const { batch: record, items } = facts;
  const { label, verb, doing, done } = actions[record.action];
  const counts = countItems(record, items);
  const total = pluralize(counts.total, 'project');
  switch (record.state) {
    case 'requested':
      return [`Waits for OK from ${facts.format.person(record.by)} to ${verb} ${total}`];
    case 'confirmed':
      return [
        `${doing}… ${formatNumber(counts.done)} of ${total}`,
        ...(counts.failed > 0 ? [`${formatNumber(counts.failed)} not ${done}`] : []),
      ];
    case 'stopped':
      return [`${label} stopped`, `${formatNumber(counts.done)} of ${total} ${done}`];
    case 'done':
      if (counts.total === 1 && counts.done === 0) return [`1 project was not ${done}`];
      return counts.done === counts.total
        ? [counts.total === 1 ? `1 project was ${done}` : `${formatNumber(counts.total)} projects were ${done}`]
        : [`${formatNumber(counts.done)} of ${total} ${counts.done === 1 ? 'was' : 'were'} ${done}`];
    case 'cancelled':
      return [`Cancelled, nothing was ${done}`];
    case 'expired':
      return [`Expired, nothing was ${done}. Ask again.`];
    default:
      return record.state satisfies never;
  }
}

function linksOf(items: readonly BatchItem[], project: string): number {
  return items.find((item) => item.project === project)?.links ?? 0;
}

function failedReason(
  { state, refusal, linksDone, cancelledBy }: ItemResult,
  { action, links, format }: { readonly action: Action; readonly links: number; readonly format: Formatter },
): string {
  if (refusal !== null) return `Not ${actions[action].done}: ${pastReason(refusal, format)}`;
  if (state === 'failed')
    return linksDone === null
      ? `Became ${states.failed}`
      : `Became ${states.failed}, ${formatNumber(linksDone)} of ${pluralize(links, 'link')} ${actions[action].done}`;
  if (state === 'expired') return `Not ${actions[action].done}: the request expired before it began`;
  const who = cancelledBy === undefined ? '' : ` by ${format.person(cancelledBy)}`;
  return `Not ${actions[action].done}: ${capitalize(state)}${who}`;
}
