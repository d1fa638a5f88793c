import { z } from 'zod';
import { decide, linksWanted } from './lifecycle.ts';
import { maskReason } from './mask.ts';
import { type Figures, type LinkFacts, type LinkReading, oldestFailure } from './observation.ts';
import type { WorkerCounts } from './precheck.ts';
import { botActor, failureSchema, type Link, linkId, linkSchema, type Project } from './project.ts';

/** Links of which a few are named and the rest is counted: a project may have thousands. */
const someLinksSchema = z.object({ total: z.number(), first: z.array(linkSchema) });
export type SomeLinks = Readonly<z.infer<typeof someLinksSchema>>;

const logSchema = { until: z.number() };

/** What a look at a project may find that its channel is to know. */
export const findingSchema = z.discriminatedUnion('kind', [
  /** It became Failed by itself, at `since`. */
  z.object({ kind: z.literal('failed'), since: z.number(), failure: failureSchema.nullable() }),
  /** Links run although the state wants them paused. */
  z.object({ kind: z.literal('loose'), links: someLinksSchema }),
  /** Links are paused, and a worker takes their tasks all the same, as one of BullMQ 4 does. */
  z.object({ kind: z.literal('not_held'), links: someLinksSchema }),
  /** Links are paused although it is Running, or their queue is gone. */
  z.object({ kind: z.literal('drift'), paused: someLinksSchema, vanished: someLinksSchema }),
  /** Queues that did not exist before run although the state wants them paused; syncbot pauses them. */
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
type FindingOf<Kind extends Finding['kind']> = Extract<Finding, { kind: Kind }>;

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

/** One look at a project that nobody holds. */
export interface Looked {
  readonly project: Project;
  readonly figures: Figures;
  /** In the order of the project's links. */
  readonly workers: WorkerCounts;
  /** The bot's Redis server time. */
  readonly now: number;
}

/** What was found of each kind: null nothing, undefined not to be told since a link did not answer. */
export type Findings = { readonly [Kind in Finding['kind']]?: FindingOf<Kind> | null | undefined };

/** Delayed tasks are promoted by workers within seconds. */
const overdueAfterMs = 30_000;
const namedAtMost = 5;

/** What a project's own record tells, without a look at its links. */
export function findingsOfRecord(project: Project, now: number): Findings {
  const { state, by, since, failure, logUntil } = project;
  const part = logUntil === null || logUntil <= since ? 0 : (now - since) / (logUntil - since);
  const log = <Kind extends 'log_half' | 'log_most' | 'log_over'>(kind: Kind, from: number, to: number) =>
    logUntil !== null && part >= from && part < to ? { kind, until: logUntil } : null;
  return {
    failed: state === 'failed' && by === botActor ? { kind: 'failed', since, failure } : null,
    log_half: log('log_half', 0.5, 0.8),
    log_most: log('log_most', 0.8, 1),
    log_over: log('log_over', 1, Number.POSITIVE_INFINITY),
  };
}

/** Everything that one look tells. */
export function findingsOf(looked: Looked): Findings {
  const { project, figures, now } = looked;
  const seenAll = figures.links.every(({ kind }) => kind !== 'unreachable');
  const orUnknown = <F>(finding: F | null) => (finding === null && !seenAll ? undefined : finding);
  const { loose, pausedOutside, appeared, vanished } = driftOf(project, figures.links);
  const notHeld = linksWanted(project.state) === 'paused' ? readOf(figures).filter(takesAlthoughPaused) : [];
  return {
    ...findingsOfRecord(project, now),
    loose: orUnknown(loose.length > 0 ? { kind: 'loose', links: some(loose) } : null),
    not_held: orUnknown(notHeld.length > 0 ? { kind: 'not_held', links: some(linksOf(notHeld)) } : null),
    drift: orUnknown(
      pausedOutside.length + vanished.length > 0
        ? { kind: 'drift', paused: some(pausedOutside), vanished: some(vanished) }
        : null,
    ),
    appeared: orUnknown(appeared.length > 0 ? { kind: 'appeared', links: some(appeared) } : null),
    unattended: orUnknown(unattended(looked)),
    latency: orUnknown(tooLate(looked)),
    failures: orUnknown(failuresOf(looked)),
  };
}

export interface Drift {
  /** They run although the state wants them paused. */
  readonly loose: readonly Link[];
  /** They are paused although the state wants them to run. */
  readonly pausedOutside: readonly Link[];
  /** Awaited queues that exist by now, and run although the state wants them paused. */
  readonly appeared: readonly Link[];
  /** Their queues existed when the links were last seen to agree. */
  readonly vanished: readonly Link[];
}

const noDrift: Drift = { loose: [], pausedOutside: [], appeared: [], vanished: [] };

/** In what links differ from what the state wants, while nobody is driving them. */
export function driftOf(project: Project, links: readonly LinkReading[]): Drift {
  if (project.holder !== null || project.convergedVersion < project.version) return noDrift;
  const wanted = linksWanted(project.state);
  const awaited = new Set(project.awaited);
  const differing = linksOf(
    links.filter((reading) => reading.kind === 'read').filter(({ paused }) => paused !== (wanted === 'paused')),
  );
  const isAwaited = (link: Link) => awaited.has(linkId(link));
  const known = differing.filter((link) => !isAwaited(link));
  return {
    loose: wanted === 'paused' ? known : [],
    pausedOutside: wanted === 'resumed' ? differing : [],
    appeared: wanted === 'paused' ? differing.filter(isAwaited) : [],
    vanished: linksOf(links.filter(({ kind }) => kind === 'missing')).filter((link) => !isAwaited(link)),
  };
}

/** Whether Adopt can take a state from these links: every one of them is the opposite of what the state wants. */
export function isAdoptable(
  { state, definition }: Pick<Project, 'state' | 'definition'>,
  { total }: SomeLinks,
): boolean {
  return total === definition.links.length && decide(state, 'adopt').kind === 'allowed';
}

function unattended({ project, figures, workers }: Looked): FindingOf<'unattended'> | null {
  if (project.state !== 'running') return null;
  const noWorker = figures.links.filter(({ kind }, index) => kind === 'read' && workers[index] === 0);
  const overdue = readOf(figures).filter(
    ({ overdueSince, now }) => overdueSince !== null && now - overdueSince > overdueAfterMs,
  );
  if (noWorker.length + overdue.length === 0) return null;
  return { kind: 'unattended', noWorker: some(linksOf(noWorker)), overdue: some(linksOf(overdue)) };
}

function tooLate({ project, figures: { latencyMs } }: Looked): FindingOf<'latency'> | null {
  const limitMs = project.definition.latencyAlert;
  if (project.state !== 'running' || limitMs === null || latencyMs === null || latencyMs <= limitMs) return null;
  return { kind: 'latency', latencyMs, limitMs };
}

function failuresOf({ project, figures }: Looked): FindingOf<'failures'> | null {
  const oldest = oldestFailure(figures.links);
  if (project.state !== 'running' || project.definition.onFailure !== 'continue' || oldest === null) return null;
  const count = readOf(figures).reduce((sum, { failuresAfterWatermark }) => sum + failuresAfterWatermark, 0);
  const { taskId, reason, at } = oldest.task;
  return { kind: 'failures', count, failure: { link: oldest.link, taskId, reason: maskReason(reason), at } };
}

function takesAlthoughPaused({ paused, takesWhilePaused }: LinkFacts): boolean {
  return paused && takesWhilePaused;
}

function readOf({ links }: Figures): LinkFacts[] {
  return links.filter((reading) => reading.kind === 'read');
}

function linksOf(readings: readonly LinkReading[]): Link[] {
  return readings.map(({ link }) => link);
}

function some(links: readonly Link[]): SomeLinks {
  return { total: links.length, first: links.slice(0, namedAtMost) };
}
