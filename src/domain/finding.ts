import { z } from 'zod';
import { decide } from './lifecycle.ts';
import { failureSchema, type Link, linkSchema, type Project } from './project.ts';

/** Links of which a few are named and the rest is counted: a project may have thousands. */
const someLinksSchema = z.object({ total: z.number(), first: z.array(linkSchema) });
export type SomeLinks = Readonly<z.infer<typeof someLinksSchema>>;

const logSchema = { until: z.number() };

/** What a look at a project may find that its channel is to know. */
export const findingSchema = z.discriminatedUnion('kind', [
  /** It became Failed by itself, at `since`. */
  z.object({ kind: z.literal('failed'), since: z.number(), failure: failureSchema.nullable() }),
  /** Links run although the state wants them paused: somebody resumed them, or syncbot could not pause them yet. */
  z.object({ kind: z.literal('loose'), links: someLinksSchema, cause: z.enum(['resumed', 'not_paused']) }),
  /** Links are paused, and a worker takes their tasks all the same, as one of BullMQ 4 does. */
  z.object({ kind: z.literal('not_held'), links: someLinksSchema }),
  /** Links are paused although it is Running, or their queue is gone. */
  z.object({ kind: z.literal('drift'), paused: someLinksSchema, vanished: someLinksSchema }),
  /** Queues exist that did not before; syncbot pauses them where the state wants that. */
  z.object({ kind: z.literal('appeared'), links: someLinksSchema }),
  /** Nobody works on links: no worker is connected, or delayed tasks are due and nobody takes them. */
  z.object({ kind: z.literal('unattended'), noWorker: someLinksSchema, overdue: someLinksSchema }),
  z.object({ kind: z.literal('latency'), latencyMs: z.number(), limitMs: z.number() }),
  /** Tasks have failed, and it goes on (`onFailure: continue`). */
  z.object({ kind: z.literal('failures'), count: z.number(), failure: failureSchema }),
  /** Half of the time is over for which the source keeps its log; most of it; all of it. */
  z.object({ kind: z.literal('log_half'), ...logSchema }),
  z.object({ kind: z.literal('log_most'), ...logSchema }),
  z.object({ kind: z.literal('log_over'), ...logSchema }),
]);
export type Finding = Readonly<z.infer<typeof findingSchema>>;
export type FindingOf<Kind extends Finding['kind']> = Extract<Finding, { kind: Kind }>;

/** The worst first. */
export const findingKinds = [
  'loose',
  'not_held',
  'failed',
  'log_over',
  'log_most',
  'log_half',
  'drift',
  'appeared',
  'failures',
  'unattended',
  'latency',
] as const satisfies readonly Finding['kind'][];

const namedAtMost = 5;

/** Names a few of many links. */
export function some(links: readonly Link[]): SomeLinks {
  return { total: links.length, first: links.slice(0, namedAtMost) };
}

/** The links that a finding names; not all of them where they are many. */
export function linksNamed(finding: Finding): Link[] {
  switch (finding.kind) {
    case 'loose':
    case 'not_held':
    case 'appeared':
      return [...finding.links.first];
    case 'drift':
      return [...finding.paused.first, ...finding.vanished.first];
    case 'unattended':
      return [...finding.noWorker.first, ...finding.overdue.first];
    default:
      return [];
  }
}

/** Whether Adopt can take a state from these links: every one of them is the opposite of what the state wants. */
export function isAdoptable(
  { state, definition }: Pick<Project, 'state' | 'definition'>,
  { total }: SomeLinks,
): boolean {
  return total === definition.links.length && decide(state, 'adopt').kind === 'allowed';
}
