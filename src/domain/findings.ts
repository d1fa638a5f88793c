import { driftOf, isBeingDriven } from './drift.ts';
import { type Finding, type FindingOf, linksNamed, some } from './finding.ts';
import { linksWanted } from './lifecycle.ts';
import { logDeadline } from './log-retention.ts';
import { maskReason } from './mask.ts';
import {
  countFailures,
  type Figures,
  type LinkFacts,
  type LinkReading,
  linksOf,
  oldestFailure,
} from './observation.ts';
import { pauseWithinMs } from './operation.ts';
import type { WorkerCounts } from './precheck.ts';
import { botActor, type Link, linkId, type Project } from './project.ts';

/** One look at a project that nobody holds. */
export interface Looked {
  readonly project: Project;
  readonly figures: Figures;
  /** In the order of the project's links. */
  readonly workers: WorkerCounts;
  /** The bot's Redis server time. */
  readonly now: number;
}

/** What was found of each kind: null nothing, undefined: it cannot be told this time. */
export type Findings = { readonly [Kind in Finding['kind']]?: FindingOf<Kind> | null | undefined };

/** Delayed tasks are promoted by workers within seconds. */
const overdueAfterMs = 30_000;

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
  const held = linksWanted(project.state) === 'paused';
  const running = project.state === 'running';
  const seenAll = figures.links.every(({ kind }) => kind !== 'unreachable');
  const unlessHidden = <F>(kind: Finding['kind'], finding: F | null | undefined) =>
    finding === null && isHidden(project.alerts[kind]?.alert.finding ?? null, figures.links) ? undefined : finding;
  const unlessAway = <F>(finding: F | null | undefined) => (finding === null && !seenAll ? undefined : finding);
  const { loose, drift, appeared } = driftFindings(looked);
  return {
    ...findingsOfRecord(project, now),
    loose: held ? unlessHidden('loose', loose) : loose,
    not_held: held ? unlessHidden('not_held', notHeldFinding(figures)) : null,
    drift: unlessHidden('drift', drift),
    appeared,
    unattended: running ? unlessAway(unattended(looked)) : null,
    latency: running ? unlessAway(tooLate(looked)) : null,
    failures: running ? unlessAway(failuresOf(looked)) : null,
  };
}

/** Of links that are being driven it cannot be told whether they drift; what could not be paused for long is told all the same. */
function driftFindings({ project, figures, now }: Looked): Pick<Findings, 'loose' | 'drift' | 'appeared'> {
  const driven = figures.links.filter(({ link }) => isBeingDriven(project, link));
  const unlessDriven = <F>(finding: F | null) => (finding === null && driven.length > 0 ? undefined : finding);
  const isLate = project.holder === null && now - project.since > pauseWithinMs;
  const stuck = isLate && linksWanted(project.state) === 'paused' ? driven.filter(isRunning) : [];
  const { loose, pausedOutside, appeared, vanished } = driftOf(project, figures.links);
  const isDrift = pausedOutside.length + vanished.length > 0;
  return {
    loose: unlessDriven(looseFinding(loose, linksOf(stuck))),
    drift: unlessDriven(isDrift ? { kind: 'drift', paused: some(pausedOutside), vanished: some(vanished) } : null),
    appeared: unlessDriven(appeared.length > 0 ? { kind: 'appeared', links: some(appeared) } : null),
  };
}

function looseFinding(resumed: readonly Link[], stuck: readonly Link[]): FindingOf<'loose'> | null {
  if (resumed.length > 0) return { kind: 'loose', links: some(resumed), cause: 'resumed' };
  return stuck.length > 0 ? { kind: 'loose', links: some(stuck), cause: 'not_paused' } : null;
}

function isRunning(reading: LinkReading): boolean {
  return reading.kind === 'read' && !reading.paused;
}

/** Whether one of the links that an open alert names does not answer: then it cannot be told to be over. */
function isHidden(open: Finding | null, links: readonly LinkReading[]): boolean {
  const away = new Set(links.filter(({ kind }) => kind === 'unreachable').map(({ link }) => linkId(link)));
  return open !== null && linksNamed(open).some((link) => away.has(linkId(link)));
}

function unattended({ figures, workers }: Looked): FindingOf<'unattended'> | null | undefined {
  const noWorker = figures.links.filter(({ kind }, index) => kind === 'read' && workers[index] === 0);
  const overdue = readOf(figures).filter(
    ({ overdueSince, now }) => overdueSince !== null && now - overdueSince > overdueAfterMs,
  );
  if (noWorker.length + overdue.length === 0) return workers.includes(null) ? undefined : null;
  return { kind: 'unattended', noWorker: some(linksOf(noWorker)), overdue: some(linksOf(overdue)) };
}

function tooLate({ project, figures: { latencyMs } }: Looked): FindingOf<'latency'> | null {
  const limitMs = project.definition.latencyAlert;
  if (limitMs === null || latencyMs === null || latencyMs <= limitMs) return null;
  return { kind: 'latency', latencyMs, limitMs };
}

function failuresOf({ project, figures }: Looked): FindingOf<'failures'> | null {
  const oldest = oldestFailure(figures.links);
  if (project.definition.onFailure !== 'continue' || oldest === null) return null;
  const count = countFailures(figures.links);
  const { taskId, reason, at } = oldest.task;
  return { kind: 'failures', count, failure: { link: oldest.link, taskId, reason: maskReason(reason), at } };
}

function notHeldFinding(figures: Figures): FindingOf<'not_held'> | null {
  const taking = readOf(figures).filter(({ paused, takesWhilePaused }) => paused && takesWhilePaused);
  return taking.length > 0 ? { kind: 'not_held', links: some(linksOf(taking)) } : null;
}

function readOf({ links }: Figures): LinkFacts[] {
  return links.filter((reading) => reading.kind === 'read');
}
