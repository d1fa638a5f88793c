import type { LinkReading } from './observation.ts';
import type { PrecheckItem } from './refusal.ts';
import { count, namedList } from './words.ts';

/** An append-only file, snapshots alone, or nothing. */
export type Persistence = 'aof' | 'snapshots' | 'none';

/** What one look at a connection found. */
export type ConnectionFacts =
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
  readonly connections: readonly ConnectionFacts[];
  readonly links: readonly LinkReading[];
  readonly workers: WorkerCounts;
}

const oldestBullmqHeld = 5;

/**
 * What must hold before a project may be started. Only `fail` blocks; what cannot be known is `unknown` and never does.
 * Facts: a BullMQ 4 worker ignores the pause of version 5 and later, so such a queue cannot be held.
 */
export function precheckItems({ connections, links, workers }: PrecheckFacts): PrecheckItem[] {
  return [
    ...connections.flatMap(connectionItems),
    perLink('queues exist', links, 'every queue exists', queueVerdict),
    perLink('written by BullMQ 5 or newer', links, 'every queue is written by BullMQ 5 or newer', versionVerdict),
    perLink('workers connected', links, 'every link has a worker connected', (_link, index) =>
      workerConnected(workers[index] ?? null),
    ),
    perLink('failed tasks kept', links, 'a task that fails is kept, as far as can be seen', keepsFailed),
    perLink('no failed task', links, 'no task has failed since it was added, started or restored', noFailure),
  ];
}

/** Whether these items let a project start. */
export function precheckPassed(items: readonly PrecheckItem[]): boolean {
  return items.every((item) => item.result !== 'fail');
}

function connectionItems(facts: ConnectionFacts): PrecheckItem[] {
  const reachable = `connection ${facts.name} reachable`;
  const eviction = `connection ${facts.name} noeviction`;
  if (facts.kind === 'unreachable') {
    return [
      {
        item: reachable,
        result: 'fail',
        message: `${facts.name} does not answer: check its address and that it is up`,
      },
      { item: eviction, result: 'unknown', message: `${facts.name} does not answer` },
    ];
  }
  const { result, message } = evictionVerdict(facts.evictionPolicy);
  return [
    { item: reachable, result: 'pass', message: `${facts.name} answers` },
    { item: eviction, result, message: `${facts.name} ${message}` },
  ];
}

/** What is so and what it means, said of something that the message does not name. */
export type Verdict = Pick<PrecheckItem, 'result' | 'message'>;

/** Whether a server keeps every task. */
export function evictionVerdict(policy: string | null): Verdict {
  if (policy === null) return { result: 'unknown', message: 'does not tell its eviction policy' };
  if (policy === 'noeviction') return { result: 'pass', message: 'never evicts keys' };
  return { result: 'fail', message: `has maxmemory-policy ${policy} and may drop tasks: set it to noeviction` };
}

const pass: Verdict = { result: 'pass', message: '' };
const noAnswer: Verdict = { result: 'unknown', message: 'its connection does not answer' };

/** One item over all links: the worst verdict counts, and names its links. */
function perLink(
  item: string,
  links: readonly LinkReading[],
  whenPassed: string,
  check: (reading: LinkReading, index: number) => Verdict,
): PrecheckItem {
  const verdicts = links.map((reading, index) => ({ link: reading.link, ...check(reading, index) }));
  for (const result of ['fail', 'unknown'] as const) {
    const found = verdicts.filter((verdict) => verdict.result === result);
    const first = found[0];
    const names = found.map(({ link }) => link.queue);
    if (first !== undefined) return { item, result, message: `${namedList(names, 'link')}: ${first.message}` };
  }
  return { item, result: 'pass', message: whenPassed };
}

/** Whether a link's queue exists. */
export function queueVerdict(reading: LinkReading): Verdict {
  if (reading.kind === 'unreachable') return noAnswer;
  if (reading.kind === 'read') return pass;
  return { result: 'fail', message: 'no such queue; check its name and prefix, or let its owner create it first' };
}

/** Whether a link's queue belongs to a BullMQ whose workers keep to a pause. */
export function versionVerdict(reading: LinkReading): Verdict {
  if (reading.kind === 'unreachable') return noAnswer;
  if (reading.kind === 'missing') return { result: 'unknown', message: 'the queue does not exist' };
  const major = /^bullmq(?:-pro)?:(\d+)\./.exec(reading.writtenBy ?? '')?.[1];
  if (major === undefined) return { result: 'unknown', message: 'the queue does not say which BullMQ wrote it' };
  if (Number(major) >= oldestBullmqHeld) return { result: 'pass', message: `written by ${reading.writtenBy}` };
  return { result: 'fail', message: `written by BullMQ ${major}, whose workers ignore a pause: upgrade to 5 or newer` };
}

function workerConnected(count: number | null): Verdict {
  if (count === null) return { result: 'unknown', message: 'the server does not tell which workers are connected' };
  return count > 0 ? pass : { result: 'fail', message: 'no worker is connected: start its workers first' };
}

/** A task that is removed when it fails leaves nothing that could be counted or put back. */
export function keepsFailed(reading: LinkReading): Verdict {
  if (reading.kind === 'unreachable') return noAnswer;
  if (reading.kind === 'missing' || reading.keepsFailed !== false) return pass;
  const message = 'its tasks are removed when they fail (removeOnFail), so a failure cannot be seen or put back';
  return { result: 'unknown', message };
}

function noFailure(reading: LinkReading): Verdict {
  if (reading.kind === 'unreachable') return noAnswer;
  if (reading.kind === 'missing') return pass;
  const failures = reading.failuresAfterWatermark;
  if (failures === 0) return pass;
  return {
    result: 'fail',
    message: `${count(failures, 'task')} failed since it was added, started or restored`,
  };
}
