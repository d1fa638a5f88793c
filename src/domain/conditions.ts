import { z } from 'zod';
import { decide } from './lifecycle.ts';
import { failureSchema, type Link, linkSchema, type Project } from './project.ts';

/** Links of which a few are named and the rest is counted: a project may have thousands. */
const linkSampleSchema = z.object({ total: z.number(), first: z.array(linkSchema) });
export type LinkSample = Readonly<z.infer<typeof linkSampleSchema>>;

const logSchema = { until: z.number() };

/** What a look at a project may find that its channel is to know. */
export const conditionSchema = z.discriminatedUnion('kind', [
  /** It became Failed by itself, at `since`. */
  z.object({ kind: z.literal('project_failed'), since: z.number(), failure: failureSchema.nullable() }),
  /** Links run although the state wants them paused: somebody resumed them, or syncbot could not pause them yet. */
  z.object({
    kind: z.literal('unexpectedly_running'),
    links: linkSampleSchema,
    cause: z.enum(['resumed', 'not_paused']),
  }),
  /** Links are paused, and a worker takes their tasks all the same, as one of BullMQ 4 does. */
  z.object({ kind: z.literal('pause_ignored'), links: linkSampleSchema }),
  /** Links are paused although it is Running, or their queue is gone. */
  z.object({ kind: z.literal('unexpectedly_paused'), paused: linkSampleSchema, deleted: linkSampleSchema }),
  /** Queues exist that did not before; syncbot pauses them where the state wants that. */
  z.object({ kind: z.literal('queue_created'), links: linkSampleSchema }),
  /** Nobody works on links: no worker is connected, or delayed tasks are due and nobody takes them. */
  z.object({ kind: z.literal('no_worker'), noWorker: linkSampleSchema, overdue: linkSampleSchema }),
  z.object({ kind: z.literal('latency'), latencyMs: z.number(), limitMs: z.number() }),
  /** Tasks have failed, and it goes on (`onFailure: continue`). */
  z.object({ kind: z.literal('tasks_failed'), count: z.number(), failure: failureSchema }),
  /** Half of the time is over for which the source keeps its log; most of it; all of it. */
  z.object({ kind: z.literal('log_retention_50'), ...logSchema }),
  z.object({ kind: z.literal('log_retention_80'), ...logSchema }),
  z.object({ kind: z.literal('log_retention_100'), ...logSchema }),
]);
export type Condition = Readonly<z.infer<typeof conditionSchema>>;
export type ConditionOf<Kind extends Condition['kind']> = Extract<Condition, { kind: Kind }>;

/** The worst first. */
export const alertKinds = [
  'unexpectedly_running',
  'pause_ignored',
  'project_failed',
  'log_retention_100',
  'log_retention_80',
  'log_retention_50',
  'unexpectedly_paused',
  'queue_created',
  'tasks_failed',
  'no_worker',
  'latency',
] as const satisfies readonly Condition['kind'][];

const maxSampleSize = 5;

/** Names a few of many links. */
export function sampleLinks(links: readonly Link[]): LinkSample {
  return { total: links.length, first: links.slice(0, maxSampleSize) };
}

/** The links that a finding names; not all of them where they are many. */
export function sampledLinks(condition: Condition): Link[] {
  switch (condition.kind) {
    case 'unexpectedly_running':
    case 'pause_ignored':
    case 'queue_created':
      return [...condition.links.first];
    case 'unexpectedly_paused':
      return [...condition.paused.first, ...condition.deleted.first];
    case 'no_worker':
      return [...condition.noWorker.first, ...condition.overdue.first];
    default:
      return [];
  }
}

/** Whether Adopt can take a state from these links: every one of them is the opposite of what the state wants. */
export function isAdoptable(
  { state, definition }: Pick<Project, 'state' | 'definition'>,
  { total }: LinkSample,
): boolean {
  return total === definition.links.length && decide(state, 'adopt').kind === 'allowed';
}
