import { pluralize, summarizeNames } from '../messages/format.ts';
import type { LinkObservation } from './observation.ts';
import type { PrecheckItem } from './refusal.ts';

/** An append-only file, snapshots alone, or nothing. */
export type Persistence = 'aof' | 'snapshots' | 'none';

/** What one look at a connection found. */
export type ConnectionInfo =
  | {
      readonly kind: 'read';
      readonly name: string;
      /** `noeviction` is what BullMQ needs; null when the server does not tell. */
      readonly evictionPolicy: string | null;
      readonly redisVersion: string | null;
      /** How it survives a restart; null when the server does not tell. */
      readonly persistence: Persistence | null;
    }
  | { readonly kind: 'unreachable'; readonly name: string };

/** How many workers are connected to each link, in the order of the links; null when the server does not tell. */
export type WorkerCounts = readonly (number | null)[];

export interface PrecheckFacts {
  readonly connections: readonly ConnectionInfo[];
  readonly links: readonly LinkObservation[];
  readonly workers: WorkerCounts;
}

const oldestSupportedMajor = 5;

/**
 * What must hold before a project may be started. Only `fail` blocks; what cannot be known is `unknown` and never does.
 * Facts: a BullMQ 4 worker ignores the pause of version 5 and later, so such a queue cannot be held.
 */
export function precheckItems({ connections, links, workers }: PrecheckFacts): PrecheckItem[] {
  return [
    ...connections.flatMap(connectionItems),
    perLink('queues exist', links, 'every queue exists', checkQueueExists),
    perLink('written by BullMQ 5 or newer', links, 'every queue is written by BullMQ 5 or newer', checkBullmqVersion),
    perLink('workers connected', links, 'every link has a worker connected', (_link, index) =>
      checkWorkers(workers[index] ?? null),
    ),
    perLink('failed tasks kept', links, 'a task that fails is kept, as far as can be seen', checkFailedKept),
    perLink('no failed task', links, 'no task has failed since it was added, started or restored', checkNoFailure),
  ];
}

/** Whether these items let a project start. */
export function precheckPassed(items: readonly PrecheckItem[]): boolean {
  return items.every((item) => item.result !== 'fail');
}

function connectionItems(connection: ConnectionInfo): PrecheckItem[] {
  const reachable = `connection ${connection.name} reachable`;
  const eviction = `connection ${connection.name} noeviction`;
  if (connection.kind === 'unreachable') {
    return [
      {
        item: reachable,
        result: 'fail',
        message: `${connection.name} does not answer: check its address and that it is up`,
      },
      { item: eviction, result: 'unknown', message: `${connection.name} does not answer` },
    ];
  }
  const { result, message } = checkEviction(connection.evictionPolicy);
  return [
    { item: reachable, result: 'pass', message: `${connection.name} answers` },
    { item: eviction, result, message: `${connection.name} ${message}` },
  ];
}

/** What is so and what it means, said of something that the message does not name. */
export type CheckResult = Pick<PrecheckItem, 'result' | 'message'>;

/** Whether a server keeps every task. */
export function checkEviction(policy: string | null): CheckResult {
  if (policy === null) return { result: 'unknown', message: 'does not tell its eviction policy' };
  if (policy === 'noeviction') return { result: 'pass', message: 'never evicts keys' };
  return { result: 'fail', message: `has maxmemory-policy ${policy} and may drop tasks: set it to noeviction` };
}

const passResult: CheckResult = { result: 'pass', message: '' };
const unreachableResult: CheckResult = { result: 'unknown', message: 'its connection does not answer' };

/** One item over all links: the worst verdict counts, and names its links. */
function perLink(
  item: string,
  links: readonly LinkObservation[],
  passMessage: string,
  check: (observation: LinkObservation, index: number) => CheckResult,
): PrecheckItem {
  const results = links.map((observation, index) => ({ link: observation.link, ...check(observation, index) }));
  for (const result of ['fail', 'unknown'] as const) {
    const found = results.filter((verdict) => verdict.result === result);
    const first = found[0];
    const names = found.map(({ link }) => link.queue);
    if (first !== undefined) return { item, result, message: `${summarizeNames(names, 'link')}: ${first.message}` };
  }
  return { item, result: 'pass', message: passMessage };
}

/** Whether a link's queue exists. */
export function checkQueueExists(observation: LinkObservation): CheckResult {
  if (observation.kind === 'unreachable') return unreachableResult;
  if (observation.kind === 'read') return passResult;
  return { result: 'fail', message: 'no such queue; check its name and prefix, or let its owner create it first' };
}

/** Whether a link's queue belongs to a BullMQ whose workers keep to a pause. */
export function checkBullmqVersion(observation: LinkObservation): CheckResult {
  if (observation.kind === 'unreachable') return unreachableResult;
  if (observation.kind === 'missing') return { result: 'unknown', message: 'the queue does not exist' };
  const major = /^bullmq(?:-pro)?:(\d+)\./.exec(observation.bullmqVersion ?? '')?.[1];
  if (major === undefined) return { result: 'unknown', message: 'the queue does not say which BullMQ wrote it' };
  if (Number(major) >= oldestSupportedMajor)
    return { result: 'pass', message: `written by ${observation.bullmqVersion}` };
  return { result: 'fail', message: `written by BullMQ ${major}, whose workers ignore a pause: upgrade to 5 or newer` };
}

function checkWorkers(count: number | null): CheckResult {
  if (count === null) return { result: 'unknown', message: 'the server does not tell which workers are connected' };
  return count > 0 ? passResult : { result: 'fail', message: 'no worker is connected: start its workers first' };
}

/** A task that is removed when it fails leaves nothing that could be counted or put back. */
export function checkFailedKept(observation: LinkObservation): CheckResult {
  if (observation.kind === 'unreachable') return unreachableResult;
  if (observation.kind === 'missing' || observation.keepsFailed !== false) return passResult;
  const message = 'its tasks are removed when they fail (removeOnFail), so a failure cannot be seen or put back';
  return { result: 'unknown', message };
}

function checkNoFailure(observation: LinkObservation): CheckResult {
  if (observation.kind === 'unreachable') return unreachableResult;
  if (observation.kind === 'missing') return passResult;
  const failures = observation.failuresAfterWatermark;
  if (failures === 0) return passResult;
  return {
    result: 'fail',
    message: `${pluralize(failures, 'task')} failed since it was added, started or restored`,
  };
}
