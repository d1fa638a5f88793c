import { type Batch, type BatchItem, maxBatchProjects, type RefusedItem, type Waves } from '../domain/batch.ts';
import { catchUpTimeoutMs } from '../domain/catch-up.ts';
import { type Action, isAllowed } from '../domain/lifecycle.ts';
import type { ProjectStats } from '../domain/observation.ts';
import type { PauseLimit } from '../domain/paused-until.ts';
import type { Actor, Project, ProjectId } from '../domain/project.ts';
import { logEndInPause, type SourceLogEnd } from '../domain/source-log-retention.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';
import { fixLimit, readLimit, type TypedLimit } from './pause-limit.ts';
import { observeProjects, type Refused } from './queries.ts';
import { checkRequest, checkWait } from './request-action.ts';

/** How many projects a request checks at once, if each check reads its own facts. */
const checkChunkSize = 50;

/** A request for one action on several projects. Slack has authorized it already; the command line is trusted. */
export interface BatchRequest
  extends Pick<Batch, 'action' | 'by' | 'reason' | 'selection' | 'after' | 'origin' | 'channel' | 'threadTs'> {
  readonly action: Action;
  readonly by: Actor;
  /** Sorted by their id. */
  readonly projects: readonly Project[];
  /** The projects that the batch must not act on although their state allows it. */
  readonly excluded?: readonly RefusedItem[];
  readonly waves: Waves | null;
  /** When the pauses end, as the person typed it. Null or absent without a limit. */
  readonly limit?: TypedLimit | null;
  /** Whether each pause waits until its project has caught up. Default: false. */
  readonly whenCaughtUp?: boolean;
}

/** What the dialog of a batch shows. */
export interface RequestedBatch {
  readonly batch: Batch;
  /** The links of the projects that the batch acts on. */
  readonly links: number;
  /** Their backlog and the worst latency. Null if some link could not be read. */
  readonly backlog: number | null;
  readonly latencyMs: number | null;
  /** Of a pause: the sources that may delete their logs before it ends, the first one first. */
  readonly logEnds: readonly SourceLogEnd[];
}

export type BatchRequestResult =
  | ({ readonly kind: 'requested' } & RequestedBatch)
  /** No project can be changed. Nothing was written. */
  | { readonly kind: 'none_allowed'; readonly refused: readonly RefusedItem[] }
  | { readonly kind: 'too_many'; readonly count: number }
  /** The limit is none, whatever the project. */
  | Refused;

/**
 * Checks the state rules of each project as `requestAction` does, and observes the links, then writes a batch as `requested`.
 * Throws `StoreUnavailableError`.
 */
export async function requestBatch(context: UseCaseContext, request: BatchRequest): Promise<BatchRequestResult> {
  const { projects, excluded = [], limit = null, whenCaughtUp = false, ...fields } = request;
  if (projects.length > maxBatchProjects) return { kind: 'too_many', count: projects.length };
  const { action, selection } = request;
  const read = readLimit(selection, { action, limit, now: await context.serverClock.now() });
  if (read.kind === 'refused') return read;
  if (whenCaughtUp && action !== 'pause')
    return { kind: 'refused', refusal: { code: 'catch_up_not_possible', project: selection, action } };
  const excludedIds = new Set<ProjectId>(excluded.map(({ project }) => project));
  const checked = await checkProjects(
    context,
    projects.filter(({ id }) => !excludedIds.has(id)),
    { action, limit, whenCaughtUp },
  );
  const items = checked.flatMap((each) => (each.kind === 'allowed' ? [toItem(each)] : []));
  const refused = [...excluded, ...checked.flatMap((each) => (each.kind === 'refused' ? [toRefused(each)] : []))];
  if (items.length === 0) return { kind: 'none_allowed', refused };
  const batch = await context.batches.request({
    ...fields,
    items,
    refused,
    waves: action === 'restore' ? request.waves : null,
    catchUpMs: whenCaughtUp ? catchUpTimeoutMs : null,
    id: context.ids.next(),
    ttlMs: context.settings.confirmationTtlMs,
  });
  context.log.info({ batch: batch.id, action, by: batch.by, projects: items.length }, 'batch requested');
  const allowed = checked.filter((each) => each.kind === 'allowed');
  const stats = allowed.map((each) => each.stats);
  const logEnds = action === 'pause' ? findLogEnds(allowed, batch.requestedAt) : [];
  return { kind: 'requested', batch, ...sumStats(items, stats), logEnds };
}

export type BatchDialogAgain =
  | ({ readonly kind: 'open' } & RequestedBatch)
  /** It was answered, or has expired. `batch` says so. */
  | { readonly kind: 'closed'; readonly batch: Batch }
  | { readonly kind: 'unknown' }
  | Refused;

/** Reads again what the dialog of a batch shows, and observes the links. Throws `StoreUnavailableError`. */
export async function readBatchDialog(context: UseCaseContext, id: string, by: Actor): Promise<BatchDialogAgain> {
  const [batch, now] = await Promise.all([context.batches.read(id), context.serverClock.now()]);
  if (batch === null) return { kind: 'unknown' };
  if (batch.by !== by) return { kind: 'refused', refusal: { code: 'not_requester', by: batch.by } };
  const { action, items, state, expiresAt } = batch;
  if (state !== 'requested') return { kind: 'closed', batch };
  // The sweep records it a moment later.
  if (expiresAt <= now) return { kind: 'closed', batch: { ...batch, state: 'expired' } };
  const projects = await context.projects.readMany(items.map(({ project }) => project));
  const ends = new Map(items.map(({ project, pauseUntil }) => [project, pauseUntil]));
  const observed = (await observeProjects(context, projects)).map((each) => {
    return { ...each, pauseUntil: ends.get(each.project.id) ?? null };
  });
  const stats = observed.map((each) => each.stats);
  const logEnds = action === 'pause' ? findLogEnds(observed, now) : [];
  return { kind: 'open', batch, ...sumStats(items, stats), logEnds };
}

interface AllowedProject {
  readonly kind: 'allowed';
  readonly project: Project;
  readonly stats: ProjectStats;
  readonly pauseUntil: PauseLimit | null;
}

type Checked =
  | AllowedProject
  | { readonly kind: 'refused'; readonly project: Project; readonly refusal: RefusedItem['refusal'] };

/** A pause needs no facts beside the state, so all links are observed together. */
async function checkProjects(
  context: UseCaseContext,
  projects: readonly Project[],
  rule: { readonly action: Action; readonly limit: TypedLimit | null; readonly whenCaughtUp: boolean },
): Promise<Checked[]> {
  const { action, limit, whenCaughtUp } = rule;
  if (action !== 'pause') {
    const checked: Checked[] = [];
    for (const chunk of toChunks(projects, checkChunkSize)) {
      const checks = chunk.map(async (project) => ({ project, ...(await checkRequest(context, project, rule)) }));
      checked.push(...(await Promise.all(checks)));
    }
    return checked;
  }
  const now = await context.serverClock.now();
  const allowed = projects.filter(({ state }) => isAllowed(state, action));
  const observed = new Map((await observeProjects(context, allowed)).map((each) => [each.project.id, each.stats]));
  return projects.map((project) => {
    const { id, state, since, by } = project;
    const stats = observed.get(id);
    const fixed = fixLimit(project, { action, limit, whenCaughtUp, now });
    if (fixed.kind === 'refused') return { ...fixed, project };
    const refusal = whenCaughtUp ? checkWait(project, action) : null;
    if (refusal !== null) return { kind: 'refused', project, refusal };
    return stats === undefined
      ? { kind: 'refused', project, refusal: { code: 'not_allowed', action, project: id, state, since, by } }
      : { kind: 'allowed', project, stats, pauseUntil: fixed.pauseUntil };
  });
}

function toItem({ project, pauseUntil }: AllowedProject): BatchItem {
  const { id, version, definition } = project;
  const { links, channel } = definition;
  return { project: id, projectVersion: version, links: links.length, channel, pauseUntil };
}

function toRefused({ project, refusal }: Extract<Checked, { kind: 'refused' }>): RefusedItem {
  return { project: project.id, channel: project.definition.channel, refusal };
}

function sumStats(
  items: readonly BatchItem[],
  stats: readonly ProjectStats[],
): Omit<RequestedBatch, 'batch' | 'logEnds'> {
  const sum = (values: readonly (number | null)[]) =>
    values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
  const latencies = stats.map(({ latencyMs }) => latencyMs);
  return {
    links: sum(items.map(({ links }) => links)) ?? 0,
    backlog: sum(stats.map(({ backlog }) => backlog)),
    latencyMs: latencies.reduce((worst, ms) => (worst === null || ms === null ? null : Math.max(worst, ms)), 0),
  };
}

function findLogEnds(allowed: readonly Omit<AllowedProject, 'kind'>[], now: number): SourceLogEnd[] {
  const ends = allowed.flatMap(({ project: { id, definition }, stats: { latencyMs }, pauseUntil }) => {
    const until = logEndInPause(definition, { now, latencyMs, pauseUntil: pauseUntil?.at ?? null });
    return until === null ? [] : [{ project: id, until, isPauseTimed: pauseUntil !== null }];
  });
  return ends.sort((a, b) => a.until - b.until);
}
