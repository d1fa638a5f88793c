import { isAllowed } from '../../domain/lifecycle.ts';
import type { CheckReason, CheckReasonOf, CheckResult, PrecheckItem } from '../../domain/precheck.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import { type Formatter, joinDots } from '../format.ts';
import { connectionFault } from './connection-faults.ts';
import { andMore, capitalize, formatDuration, formatNumber, nameAndMore, pluralize } from './format.ts';

/** Why a check has its result, as a clause after the name of the link or connection. */
const reasons: {
  readonly [Code in CheckReason['code']]: (reason: CheckReasonOf<Code>, format: Formatter) => string;
} = {
  reachable: () => 'answers',
  unreachable: ({ fault }, format) => (fault === undefined ? 'does not answer' : connectionFault(fault, format)),
  never_evicts: () => 'never evicts keys',
  evicts: ({ policy }, format) =>
    `has maxmemory-policy ${format.text(policy, 60)} and can lose tasks: set it to noeviction`,
  eviction_policy_unknown: () => 'does not show its eviction policy',
  queue_exists: () => 'the queue exists',
  queue_missing: () => 'the queue does not exist',
  bullmq_supported: ({ version }, format) => `written by ${format.text(version, 60)}`,
  bullmq_too_old: ({ major }) => `written by BullMQ ${major}, whose workers ignore a pause: upgrade to 5 or newer`,
  bullmq_unknown: () => 'the queue does not show which BullMQ version wrote it',
  workers_connected: ({ count }) => `${pluralize(count, 'worker')} connected`,
  no_worker: () => 'no worker is connected: start its workers first',
  workers_unknown: () => 'the server does not show which workers are connected',
  failed_tasks_kept: () => 'failed tasks are kept',
  failed_tasks_removed: () =>
    'its tasks are removed when they fail (removeOnFail), so syncbot cannot see or retry a failed task',
  failed_tasks_bounded: ({ count, ageMs }) =>
    `failed tasks are removed ${removal(count, ageMs)} (removeOnFail), and syncbot cannot retry a task that was removed`,
  unreadable: () => 'it cannot be read, because a task has an unexpected timestamp or id',
  no_failed_task: () => 'no task failed',
  tasks_failed: ({ count }) => `${pluralize(count, 'task')} failed since the link was added, started or restored`,
};

/** When BullMQ removes a failed task. It does so when another task fails. */
function removal(count: number | null, ageMs: number | null): string {
  const bounds = [
    ...(count === null ? [] : [`when ${formatNumber(count)} newer ones exist`]),
    ...(ageMs === null ? [] : [`after ${formatDuration(ageMs)}`]),
  ];
  return bounds.join(' or ');
}

type ConnectionCheck = Extract<PrecheckItem, { connection: string }>['check'];
type LinksCheck = Exclude<PrecheckItem['check'], ConnectionCheck>;

const connectionTitles: Readonly<Record<ConnectionCheck, (connection: string) => string>> = {
  connection_reachable: (connection) => `connection ${connection} reachable`,
  eviction_policy: (connection) => `connection ${connection} noeviction`,
};

const linksTitles: Readonly<Record<LinksCheck, string>> = {
  queues_exist: 'queues exist',
  bullmq_version: 'written by BullMQ 5 or newer',
  workers_connected: 'workers connected',
  failed_tasks_kept: 'failed tasks kept',
  no_failed_task: 'no failed task',
};

/** The messages when every link passes. */
const linksPassed: Readonly<Record<LinksCheck, string>> = {
  queues_exist: 'every queue exists',
  bullmq_version: 'every queue is written by BullMQ 5 or newer',
  workers_connected: 'every link has a worker connected',
  failed_tasks_kept: 'failed tasks are kept, as far as syncbot can see',
  no_failed_task: 'no task failed since its link was added, started or restored',
};

/** What is wrong when a link does not pass. */
const linksProblems: Readonly<Record<LinksCheck, string>> = {
  queues_exist: 'a queue is missing',
  bullmq_version: 'a queue is written by an old BullMQ',
  workers_connected: 'a link has no worker',
  failed_tasks_kept: 'failed tasks are removed',
  no_failed_task: 'tasks failed',
};

function problem(item: PrecheckItem, format: Formatter): string {
  if (!('connection' in item)) return linksProblems[item.check];
  const name = `connection ${format.text(item.connection, 40)}`;
  return item.check === 'connection_reachable' ? `${name} cannot be used` : `${name} can lose tasks`;
}

/** What to do when a check fails for one of these reasons. The other reasons contain it. */
const hints: Readonly<Partial<Record<CheckReason['code'], string>>> = {
  unreachable: ': check its address and that it is up',
  queue_missing: ': check its name and prefix, or ask its owner to create it',
};

/** What to do about a failed item, for each reason that makes an item fail. The name of the link or connection comes first. */
const todos: {
  readonly [Code in CheckReason['code']]?: (name: string, reason: CheckReasonOf<Code>, format: Formatter) => string;
} = {
  unreachable: (name, { fault }, format) =>
    `Check the connection of ${name}: it ${fault === undefined ? 'does not answer' : connectionFault(fault, format)}`,
  evicts: (name, { policy }, format) =>
    `Set maxmemory-policy of ${name} to noeviction: with ${format.text(policy, 60)} it can lose tasks`,
  queue_missing: (name) => `Create the queue of ${name}, or correct its name and prefix`,
  bullmq_too_old: (name, { major }) =>
    `Upgrade the workers of ${name} to BullMQ 5 or newer: those of BullMQ ${major} ignore a pause`,
  no_worker: (name) => `Start the workers of ${name}`,
  tasks_failed: (name, { count }) => `Retry or remove the failed tasks of ${name} (${formatNumber(count)})`,
};

/** `state`: that of the project. A restore retries the failed tasks itself. */
function todo(name: string, { checkReason, state, format }: TodoFacts): string | null {
  if (checkReason.code === 'tasks_failed' && isAllowed(state, 'restore'))
    return `Fix the cause of the failed tasks of ${name} (${formatNumber(checkReason.count)}), then restore the project, which retries them`;
  const render = <Code extends CheckReason['code']>(code: Code, facts: CheckReasonOf<Code>) =>
    todos[code]?.(name, facts, format) ?? null;
  return render(checkReason.code, checkReason);
}

interface TodoFacts {
  readonly checkReason: CheckReason;
  readonly state: ProjectState;
  readonly format: Formatter;
}

function reason(checkReason: CheckReason, format: Formatter): string {
  const render = <Code extends CheckReason['code']>(code: Code, facts: CheckReasonOf<Code>) =>
    reasons[code](facts, format);
  return render(checkReason.code, checkReason);
}

const resultLabels: Readonly<Record<CheckResult, string>> = { pass: 'Pass', fail: 'Fail', unknown: 'Unknown' };

/** A name keeps its case. */
function startsWithName(item: PrecheckItem): boolean {
  return 'connection' in item || (item.reason !== null && item.links.first.length > 0);
}

const maxItemsNamed = 3;

/** What was found, for the failed items: `a; b; c; and 2 more`. */
export function failedItems(items: readonly PrecheckItem[], format: Formatter): string {
  return joinFailed(items, (item) => found(item, format));
}

/** What to do about the failed items: `a; b; c; and 2 more`. Only a project that was never started needs that. */
export function failedLines(items: readonly PrecheckItem[], format: Formatter): string {
  return joinFailed(items, (item) => precheck.line(item, 'not_started', format));
}

function joinFailed(items: readonly PrecheckItem[], textOf: (item: PrecheckItem) => string): string {
  const failed = items.filter(({ result }) => result === 'fail').map(textOf);
  const more = failed.length - maxItemsNamed;
  return [...failed.slice(0, maxItemsNamed), ...(more > 0 ? [andMore(more)] : [])].join('; ');
}

function found(item: PrecheckItem, format: Formatter, hint = ''): string {
  if ('connection' in item) return `${format.text(item.connection, 40)} ${reason(item.reason, format)}${hint}`;
  if (item.reason === null) return linksPassed[item.check];
  // The reason is that of the first link. Another link can have the same result for another reason.
  const [first] = item.links.first;
  const name = first === undefined ? '' : `${format.link(first)}: `;
  const others = item.links.total - 1;
  const more = others > 0 ? ` (${andMore(others)} with the same result)` : '';
  return `${name}${reason(item.reason, format)}${hint}${more}`;
}

export const precheck = {
  connectionTitles,
  linksTitles,
  linksPassed,
  linksProblems,
  reasons,
  reason,
  title: (item: PrecheckItem, format: Formatter) =>
    'connection' in item ? connectionTitles[item.check](format.text(item.connection, 40)) : linksTitles[item.check],
  message: (item: PrecheckItem, format: Formatter) => {
    const namesFault = item.reason?.code === 'unreachable' && item.reason.fault !== undefined;
    const hint = item.result === 'fail' && item.reason !== null && !namesFault ? (hints[item.reason.code] ?? '') : '';
    return found(item, format, hint);
  },
  /** What people read of an item: what to do if it fails, else what was found. */
  line: (item: PrecheckItem, state: ProjectState, format: Formatter): string => {
    const message = precheck.message(item, format);
    const text = startsWithName(item)
      ? `${'connection' in item ? 'Connection' : 'Link'} ${message}`
      : capitalize(message);
    if (item.result !== 'fail' || item.reason === null) return text;
    const name =
      'connection' in item
        ? format.text(item.connection, 40)
        : nameAndMore(item.links.first.map(format.link), item.links.total);
    return todo(name, { checkReason: item.reason, state, format }) ?? text;
  },
  results: resultLabels,
  /** `Precheck: 6 of 7 pass · tasks failed`: what fails, with the unknown ones, which do not block a start. */
  summary: (items: readonly PrecheckItem[], format: Formatter) => {
    const count = (result: CheckResult) => items.filter((item) => item.result === result).length;
    const unknown = count('unknown');
    if (items.length === 0) return 'Precheck: nothing to check';
    const passed = `Precheck: ${count('pass')} of ${items.length} pass${unknown === 0 ? '' : `, ${unknown} unknown`}`;
    return joinDots(passed, ...items.filter(({ result }) => result === 'fail').map((item) => problem(item, format)));
  },
  more: (count: number) => `${capitalize(andMore(count))}, with the same or a better result`,
  unknownHint: 'An unknown item does not block a start',
};
