import { desiredLinkState } from '../domain/lifecycle.ts';
import type { Link } from '../domain/link.ts';
import { linkTimeoutMs } from '../domain/operation.ts';
import type { Actor, ProjectId } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';
import { definitionChanges } from './diff-projects.ts';
import type { Plan, PlannedCreate, PlannedUpdate } from './plan.ts';
import { reconcileIdle } from './reconcile.ts';
import type { WriteResult } from './stores.ts';

/** How long a link that does not answer is tried again; a worker goes on after that. */
const reconcileTimeoutMs = 10_000;

export interface ApplyRequest {
  readonly plan: Plan;
  readonly by: Actor;
}

export type ApplyResult =
  /** `notPaused`: links that should be paused and could not be seen to be; a worker goes on trying, and so does a second apply. */
  | { readonly kind: 'applied'; readonly notPaused: readonly Link[] }
  /** Somebody changed this project since the plan was made; `written` says what was already done. */
  | { readonly kind: 'conflict'; readonly project: ProjectId; readonly written: readonly ProjectId[] };

/**
 * Carries a plan out: checks that nothing moved since it was made, writes, then pauses. Redis offers no step over several
 * projects, so a conflict in the middle stops it; what was written is sound by itself and a second apply does the rest.
 */
export async function applyPlan(deps: UseCaseContext, { plan, by }: ApplyRequest): Promise<ApplyResult> {
  const conflict = await findConflict(deps, plan);
  if (conflict !== null) return { kind: 'conflict', project: conflict, written: [] };
  const steps = [
    ...plan.remove.map(({ project: { id, version } }) => ({ id, write: () => deps.projects.remove(id, version, by) })),
    ...plan.update.map((change) => ({ id: change.project.id, write: () => writeUpdate(deps, change, by) })),
    ...plan.create.map((creation) => ({ id: creation.definition.id, write: () => writeCreate(deps, creation, by) })),
  ];
  const written: ProjectId[] = [];
  for (const { id, write } of steps) {
    if ((await write()).kind === 'conflict') return { kind: 'conflict', project: id, written };
    written.push(id);
  }
  const notPaused = await pauseLinks(deps, plan);
  deps.log.info({ by, written, notPaused: notPaused.length }, 'definitions applied');
  return { kind: 'applied', notPaused };
}

/** The first project that is not as the plan saw it; null: none. */
async function findConflict(deps: Pick<UseCaseContext, 'projects'>, plan: Plan): Promise<ProjectId | null> {
  const planned = [...plan.remove, ...plan.update].map(({ project }) => project);
  const versions = await Promise.all(planned.map(({ id }) => deps.projects.readVersion(id)));
  const conflicting = planned.find(({ version }, index) => versions[index] !== version);
  return conflicting?.id ?? null;
}

/** The watermarks first: a link whose old failures counted could be restored in between. */
async function writeUpdate(
  { projects }: Pick<UseCaseContext, 'projects'>,
  { project, definition, watermarks, added }: PlannedUpdate,
  by: Actor,
): Promise<WriteResult> {
  const { id, version: expectedVersion } = project;
  if (Object.keys(watermarks).length > 0) {
    const moved = await projects.setWatermarks(id, expectedVersion, watermarks);
    if (moved.kind === 'conflict') return moved;
  }
  return projects.save(definition, { expectedVersion, added }, by);
}

/** Two roles that start together both apply the same file: the second finds its project there, and that is well. */
async function writeCreate(
  { projects }: Pick<UseCaseContext, 'projects'>,
  { definition, initialState }: PlannedCreate,
  by: Actor,
): Promise<WriteResult> {
  const result = await projects.save(definition, initialState, by);
  if (result.kind === 'written') return result;
  const existing = await projects.read(definition.id);
  const isSame = existing !== null && definitionChanges(existing.definition, definition).length === 0;
  return { kind: isSame ? 'written' : 'conflict' };
}

/** Here and now, whether or not a worker runs. */
async function pauseLinks(deps: UseCaseContext, { create, update, pauseAgain }: Plan): Promise<Link[]> {
  const definitions = [
    ...create
      .filter(({ initialState }) => desiredLinkState(initialState.state) === 'paused')
      .map(({ definition }) => definition),
    ...update.filter(({ linksToPause }) => linksToPause.length > 0).map(({ definition }) => definition),
    ...pauseAgain.map(({ project }) => project.definition),
  ];
  await Promise.all(definitions.map(({ id }) => reconcileIdle(deps, id, reconcileTimeoutMs)));
  const links = definitions.flatMap((definition) => definition.links);
  const statuses = await deps.links.readStatuses(links, linkTimeoutMs);
  return links.filter((_link, index) => statuses[index] === 'resumed' || statuses[index] === 'unreachable');
}
