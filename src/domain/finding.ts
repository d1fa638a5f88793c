import { z } from 'zod';
import { decide, linksWanted } from './lifecycle.ts';
import { logDeadline } from './log-retention.ts';
import { maskReason } from './mask.ts';
import { type Figures, type LinkFacts, type LinkReading, oldestFailure } from './observation.ts';
import { pauseWithinMs } from './operation.ts';
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
  const { state, by, since, failure } = project;
  const until = logDeadline(project);
  const part = until === null ? 0 : until <= now ? 1 : (now - since) / (until - since);
  const log = <Kind extends 'log_half' | 'log_most' | 'log_over'>(kind: Kind, from: number, to: number) =>
    until !== null && part >= from && part < to ? { kind, until } : null;
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
  const unlessHidden = <F extends Finding>(kind: F['kind'], finding: F | null): F | null | undefined =>
    finding === null && isHidden(project.alerts[kind]?.alert.finding ?? null, figures.links) ? undefined : finding;
  const unlessAway = <F>(finding: F | null) => (finding === null && !seenAll ? undefined : finding);
  const notHeld = linksWanted(project.state) === 'paused' ? readOf(figures).filter(takesAlthoughPaused) : [];
  const { loose, drift, appeared } = driftFindings(looked);
  return {
    ...findingsOfRecord(project, now),
    loose: loose === undefined ? undefined : unlessHidden('loose', loose),
    not_held: unlessHidden('not_held', notHeld.length > 0 ? { kind: 'not_held', links: some(linksOf(notHeld)) } : null),
    drift: drift === undefined ? undefined : unlessHidden('drift', drift),
    appeared,
    unattended: unlessAway(unattended(looked)),
    latency: unlessAway(tooLate(looked)),
    failures: unlessAway(failuresOf(looked)),
  };
}

/** While converge has work left it cannot be told what is drift; what could not be paused for long is told all the same. */
function driftFindings({ project, figures, now }: Looked): Pick<Findings, 'loose' | 'drift' | 'appeared'> {
  if (!isAtRest(project)) {
    const running =
      linksWanted(project.state) === 'paused' ? linksOf(readOf(figures).filter(({ paused }) => !paused)) : [];
    const isLong = project.holder === null && now - project.since > pauseWithinMs;
    if (!isLong || running.length === 0) return { loose: undefined, drift: undefined, appeared: undefined };
    return {
      loose: { kind: 'loose', links: some(running), cause: 'not_paused' },
      drift: undefined,
      appeared: undefined,
    };
  }
  const { loose, pausedOutside, appeared, vanished } = driftOf(project, figures.links);
  const isDrift = pausedOutside.length + vanished.length > 0;
  return {
    loose: loose.length > 0 ? { kind: 'loose', links: some(loose), cause: 'resumed' } : null,
    drift: isDrift ? { kind: 'drift', paused: some(pausedOutside), vanished: some(vanished) } : null,
    appeared: appeared.length > 0 ? { kind: 'appeared', links: some(appeared) } : null,
  };
}

/** Whether one of the links that an open alert names does not answer: then it cannot be told to be over. */
function isHidden(open: Finding | null, links: readonly LinkReading[]): boolean {
  const away = new Set(links.filter(({ kind }) => kind === 'unreachable').map(({ link }) => linkId(link)));
  return open !== null && linksNamed(open).some((link) => away.has(linkId(link)));
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

export interface Drift {
  /** They run although the state wants them paused. */
  readonly loose: readonly Link[];
  /** They are paused although the state wants them to run. */
  readonly pausedOutside: readonly Link[];
  /** Awaited queues that exist by now. */
  readonly appeared: readonly Link[];
  /** Their queues existed when the links were last seen to agree. */
  readonly vanished: readonly Link[];
}

const noDrift: Drift = { loose: [], pausedOutside: [], appeared: [], vanished: [] };

/** In what links differ from what the state wants, while nobody is driving them. */
export function driftOf(project: Project, links: readonly LinkReading[]): Drift {
  if (!isAtRest(project)) return noDrift;
  const wanted = linksWanted(project.state);
  const awaited = project.awaited === null ? null : new Set(project.awaited);
  const isAwaited = ({ link }: LinkReading) => awaited?.has(linkId(link)) ?? false;
  const read = links.filter((reading) => reading.kind === 'read');
  const differing = linksOf(read.filter((one) => one.paused !== (wanted === 'paused') && !isAwaited(one)));
  return {
    loose: wanted === 'paused' ? differing : [],
    pausedOutside: wanted === 'resumed' ? differing : [],
    appeared: linksOf(read.filter(isAwaited)),
    vanished: awaited === null ? [] : linksOf(links.filter((one) => one.kind === 'missing' && !isAwaited(one))),
  };
}

/** Nobody holds it, and its links were seen to agree with its state. */
function isAtRest({ holder, version, convergedVersion }: Project): boolean {
  return holder === null && convergedVersion === version;
}

/** Whether Adopt can take a state from these links: every one of them is the opposite of what the state wants. */
export function isAdoptable(
  { state, definition }: Pick<Project, 'state' | 'definition'>,
  { total }: SomeLinks,
): boolean {
  return total === definition.links.length && decide(state, 'adopt').kind === 'allowed';
}

function unattended({ project, figures, workers }: Looked): FindingOf<'unattended'> | null | undefined {
  if (project.state !== 'running') return null;
  const noWorker = figures.links.filter(({ kind }, index) => kind === 'read' && workers[index] === 0);
  const overdue = readOf(figures).filter(
    ({ overdueSince, now }) => overdueSince !== null && now - overdueSince > overdueAfterMs,
  );
  if (noWorker.length + overdue.length === 0) return workers.includes(null) ? undefined : null;
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
