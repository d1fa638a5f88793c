import { linksWanted } from '../domain/lifecycle.ts';
import { answerWithinMs } from '../domain/operation.ts';
import type { Actor, Link, ProjectId } from '../domain/project.ts';
import { convergeStanding } from './converge.ts';
import type { Deps } from './deps.ts';
import type { Change, Creation, Plan } from './plan.ts';
import { definitionChanges } from './wanted.ts';

/** How long a link that does not answer is tried again; a worker goes on after that. */
const pauseForMs = 10_000;

export interface Applying {
  readonly plan: Plan;
  readonly by: Actor;
}

export type Applied =
  /** `notPaused`: links that should be paused and could not be seen to be; a worker goes on trying, and so does a second apply. */
  | { readonly kind: 'applied'; readonly notPaused: readonly Link[] }
  /** Somebody changed this project since the plan was made; `written` says what was already done. */
  | { readonly kind: 'conflict'; readonly project: ProjectId; readonly written: readonly ProjectId[] };

/**
 * Carries a plan out: checks that nothing moved since it was made, writes, then pauses. Redis offers no step over several
 * projects, so a conflict in the middle stops it; what was written is sound by itself and a second apply does the rest.
 */
export async function applyPlan(deps: Deps, { plan, by }: Applying): Promise<Applied> {
  const moved = await movedSince(deps, plan);
  if (moved !== null) return { kind: 'conflict', project: moved, written: [] };
  const steps = [
    ...plan.remove.map(({ project: { id, version } }) => ({ id, write: () => deps.store.remove(id, version, by) })),
    ...plan.change.map((change) => ({ id: change.project.id, write: () => writeChange(deps, change, by) })),
    ...plan.create.map((creation) => ({ id: creation.definition.id, write: () => writeCreation(deps, creation, by) })),
  ];
  const written: ProjectId[] = [];
  for (const { id, write } of steps) {
    if (!(await write())) return { kind: 'conflict', project: id, written };
    written.push(id);
  }
  const notPaused = await pauseAll(deps, plan);
  deps.log.info({ by, written, notPaused: notPaused.length }, 'definitions applied');
  return { kind: 'applied', notPaused };
}

/** The first project that is not as the plan saw it; null: none. */
async function movedSince(deps: Pick<Deps, 'store'>, plan: Plan): Promise<ProjectId | null> {
  const kept = [...plan.remove, ...plan.change].map(({ project }) => project);
  const now = await Promise.all(kept.map(({ id }) => deps.store.version(id)));
  const moved = kept.find(({ version }, index) => now[index] !== version);
  return moved?.id ?? null;
}

/** The watermarks first: a link whose old failures counted could be restored in between. */
async function writeChange(
  { store }: Pick<Deps, 'store'>,
  { project, definition, watermarks, added }: Change,
  by: Actor,
): Promise<boolean> {
  const { id, version: expectedVersion } = project;
  if (Object.keys(watermarks).length > 0) {
    if (!(await store.setWatermarks(id, expectedVersion, watermarks))) return false;
  }
  return store.put(definition, { expectedVersion, added }, by);
}

/** Two roles that start together both apply the same file: the second finds its project there, and that is well. */
async function writeCreation(
  { store }: Pick<Deps, 'store'>,
  { definition, first }: Creation,
  by: Actor,
): Promise<boolean> {
  if (await store.put(definition, first, by)) return true;
  const found = await store.read(definition.id);
  return found !== null && definitionChanges(found.definition, definition).length === 0;
}

/** Here and now, whether or not a worker runs. */
async function pauseAll(deps: Deps, { create, change, repause }: Plan): Promise<Link[]> {
  const held = [
    ...create.filter(({ first }) => linksWanted(first.state) === 'paused').map(({ definition }) => definition),
    ...change.filter(({ pauses }) => pauses.length > 0).map(({ definition }) => definition),
    ...repause.map(({ project }) => project.definition),
  ];
  await Promise.all(held.map(({ id }) => convergeStanding(deps, id, pauseForMs)));
  const links = held.flatMap((definition) => definition.links);
  const flags = await deps.links.readFlags(links, answerWithinMs);
  return links.filter((_link, index) => flags[index] === 'resumed' || flags[index] === 'unreachable');
}
