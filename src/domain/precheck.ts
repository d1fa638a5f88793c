import { z } from 'zod';
import { type ConnectionFault, connectionFaultSchema } from './connection-fault.ts';
import { linkSampleSchema, sampleLinks } from './link.ts';
import { hasQueue, type LinkObservation } from './observation.ts';

/** How a Redis server survives a restart. */
export type Persistence = 'aof' | 'snapshots' | 'none';

/** What a Redis server reports. A field is null when the server does not report it. */
export type ConnectionInfo =
  | {
      readonly kind: 'read';
      readonly name: string;
      /** `maxmemory-policy`. BullMQ needs `noeviction`. */
      readonly evictionPolicy: string | null;
      readonly redisVersion: string | null;
      readonly persistence: Persistence | null;
      /** `run_id` of the server, or of each master of a Cluster. Empty if the server does not report it. */
      readonly runIds: readonly string[];
      readonly database: number;
    }
  | { readonly kind: 'unreachable'; readonly name: string; readonly fault: ConnectionFault };

/** How many workers are connected to each link, in the order of the links. Null when the server does not report it. */
export type WorkerCounts = readonly (number | null)[];

export interface PrecheckFacts {
  readonly connections: readonly ConnectionInfo[];
  readonly links: readonly LinkObservation[];
  readonly workers: WorkerCounts;
}

const checkResultSchema = z.enum(['pass', 'fail', 'unknown']);
export type CheckResult = z.infer<typeof checkResultSchema>;

/** Why a check has its result. */
const checkReasonSchema = z.discriminatedUnion('code', [
  z.object({ code: z.literal('reachable') }),
  z.object({ code: z.literal('unreachable'), fault: connectionFaultSchema.optional() }),
  z.object({ code: z.literal('never_evicts') }),
  z.object({ code: z.literal('evicts'), policy: z.string() }),
  z.object({ code: z.literal('eviction_policy_unknown') }),
  z.object({ code: z.literal('queue_exists') }),
  z.object({ code: z.literal('queue_missing') }),
  z.object({ code: z.literal('bullmq_supported'), version: z.string() }),
  z.object({ code: z.literal('bullmq_too_old'), major: z.number() }),
  z.object({ code: z.literal('bullmq_unknown') }),
  z.object({ code: z.literal('workers_connected'), count: z.number() }),
  z.object({ code: z.literal('no_worker') }),
  z.object({ code: z.literal('workers_unknown') }),
  z.object({ code: z.literal('failed_tasks_kept') }),
  z.object({ code: z.literal('failed_tasks_removed') }),
  z.object({ code: z.literal('failed_tasks_bounded'), count: z.number().nullable(), ageMs: z.number().nullable() }),
  z.object({ code: z.literal('unreadable') }),
  z.object({ code: z.literal('no_failed_task') }),
  z.object({ code: z.literal('tasks_failed'), count: z.number() }),
]);
export type CheckReason = Readonly<z.infer<typeof checkReasonSchema>>;
export type CheckReasonOf<Code extends CheckReason['code']> = Extract<CheckReason, { code: Code }>;

export interface Check {
  readonly result: CheckResult;
  readonly reason: CheckReason;
}

const connectionItemSchema = z.object({
  check: z.enum(['connection_reachable', 'eviction_policy']),
  connection: z.string(),
  result: checkResultSchema,
  reason: checkReasonSchema,
});

const linksItemSchema = z.object({
  check: z.enum(['queues_exist', 'bullmq_version', 'workers_connected', 'failed_tasks_kept', 'no_failed_task']),
  result: checkResultSchema,
  /** Null when every link passes. */
  reason: checkReasonSchema.nullable(),
  /** The links that do not pass and have this result. `reason` is that of the first one. */
  links: linkSampleSchema,
});

/** One item of a precheck, about one connection or about all links of the project. */
export const precheckItemSchema = z.discriminatedUnion('check', [connectionItemSchema, linksItemSchema]);
export type PrecheckItem = Readonly<z.infer<typeof precheckItemSchema>>;
type LinksCheck = z.infer<typeof linksItemSchema>['check'];

/** Returns the items of a precheck. Only `fail` blocks a start. */
export function precheckItems({ connections, links, workers }: PrecheckFacts): PrecheckItem[] {
  const answering = new Set(connections.filter(({ kind }) => kind === 'read').map(({ name }) => name));
  return [
    ...connections.flatMap(connectionItems),
    linksItem('queues_exist', links, (link) => checkQueueRead(link, answering)),
    linksItem('bullmq_version', links, checkBullmqVersion),
    linksItem('workers_connected', links, (_link, index) => checkWorkers(workers[index] ?? null)),
    linksItem('failed_tasks_kept', links, checkFailedTasksKept),
    linksItem('no_failed_task', links, checkNoFailedTask),
  ];
}

export function precheckPassed(items: readonly PrecheckItem[]): boolean {
  return items.every(({ result }) => result !== 'fail');
}

function connectionItems(info: ConnectionInfo): PrecheckItem[] {
  const eviction = info.kind === 'read' ? checkEvictionPolicy(info.evictionPolicy) : unreachable(info);
  return [
    { check: 'connection_reachable', connection: info.name, ...checkReachable(info) },
    { check: 'eviction_policy', connection: info.name, ...eviction },
  ];
}

function checkReachable(info: ConnectionInfo): Check {
  return info.kind === 'read' ? pass({ code: 'reachable' }) : fail({ code: 'unreachable', fault: info.fault });
}

/** One item for all links. It has the worst result, and names the links with that result unless they pass. */
function linksItem(
  check: LinksCheck,
  observations: readonly LinkObservation[],
  checkLink: (observation: LinkObservation, index: number) => Check,
): PrecheckItem {
  const checked = observations.map((observation, index) => ({
    link: observation.link,
    ...checkLink(observation, index),
  }));
  const result = worstResult(checked);
  const worst = checked.filter((each) => each.result === result && result !== 'pass');
  return { check, result, reason: worst[0]?.reason ?? null, links: sampleLinks(worst.map(({ link }) => link)) };
}

export function worstResult(checks: readonly { readonly result: CheckResult }[]): CheckResult {
  const results = checks.map(({ result }) => result);
  return results.includes('fail') ? 'fail' : results.includes('unknown') ? 'unknown' : 'pass';
}

/** A server that evicts keys can lose tasks. */
export function checkEvictionPolicy(policy: string | null): Check {
  if (policy === null) return unknown({ code: 'eviction_policy_unknown' });
  return policy === 'noeviction' ? pass({ code: 'never_evicts' }) : fail({ code: 'evicts', policy });
}

export function checkQueueExists(observation: LinkObservation): Check {
  if (observation.kind === 'unreachable') return unreachable(observation);
  return observation.kind === 'missing' ? fail({ code: 'queue_missing' }) : pass({ code: 'queue_exists' });
}

/** A link that could not be read blocks a start. If its whole connection does not answer, the connection's item says so. */
function checkQueueRead(observation: LinkObservation, answeringConnections: ReadonlySet<string>): Check {
  const check = checkQueueExists(observation);
  const isBlocked = observation.kind === 'unreachable' && answeringConnections.has(observation.link.connection);
  return isBlocked ? { ...check, result: 'fail' } : check;
}

const oldestSupportedMajor = 5;

/** A worker of BullMQ 4 ignores the pause of BullMQ 5 and newer, so syncbot cannot pause such a queue. */
export function checkBullmqVersion(observation: LinkObservation): Check {
  if (observation.kind === 'unreachable') return unreachable(observation);
  if (observation.kind === 'missing') return unknown({ code: 'queue_missing' });
  const version = observation.bullmqVersion ?? '';
  const major = Number(/^bullmq(?:-pro)?:(\d+)\./.exec(version)?.[1] ?? Number.NaN);
  if (Number.isNaN(major)) return unknown({ code: 'bullmq_unknown' });
  return major < oldestSupportedMajor
    ? fail({ code: 'bullmq_too_old', major })
    : pass({ code: 'bullmq_supported', version });
}

export function checkWorkers(count: number | null): Check {
  if (count === null) return unknown({ code: 'workers_unknown' });
  return count === 0 ? fail({ code: 'no_worker' }) : pass({ code: 'workers_connected', count });
}

/** With `removeOnFail` BullMQ removes failed tasks, and syncbot cannot retry them. */
export function checkFailedTasksKept(observation: LinkObservation): Check {
  if (observation.kind === 'unreachable') return unreachable(observation);
  if (observation.kind === 'unreadable') return unknown({ code: 'unreadable' });
  const retention = observation.kind === 'read' ? observation.failedRetention : null;
  if (retention?.kind === 'none') return unknown({ code: 'failed_tasks_removed' });
  if (retention?.kind !== 'bounded') return pass({ code: 'failed_tasks_kept' });
  const { count, ageMs } = retention;
  return unknown({ code: 'failed_tasks_bounded', count, ageMs });
}

function checkNoFailedTask(observation: LinkObservation): Check {
  if (observation.kind === 'unreachable') return unreachable(observation);
  const count = hasQueue(observation) ? observation.failuresAfterWatermark : 0;
  return count === 0 ? pass({ code: 'no_failed_task' }) : fail({ code: 'tasks_failed', count });
}

function unreachable({ fault }: { readonly fault?: ConnectionFault | undefined }): Check {
  return unknown(fault === undefined ? { code: 'unreachable' } : { code: 'unreachable', fault });
}

function pass(reason: CheckReason): Check {
  return { result: 'pass', reason };
}

function fail(reason: CheckReason): Check {
  return { result: 'fail', reason };
}

function unknown(reason: CheckReason): Check {
  return { result: 'unknown', reason };
}
