import { roads } from '../domain/lifecycle.ts';
import { countFailures } from '../domain/observation.ts';
import {
  answerWithinMs,
  type Operation,
  type OperationRef,
  type Progress,
  pauseWithinMs,
  refOf,
} from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { adoptLinks } from './adopt.ts';
import { converge } from './converge.ts';
import type { Deps } from './deps.ts';
import { holdStill } from './drive-fresh.ts';
import { lookAtEnd, notReached, reached, takenBack } from './ending.ts';
import { observeProject, precheckProject } from './look.ts';
import type { Ending, Held } from './operation-store.ts';
import { noteState } from './watch.ts';

/**
 * Carries a confirmed operation out. May be called any number of times, by any number of workers:
 * the claim lets one in, a repeat carries on where the work stands, and an operation that is over stays so.
 */
export async function execute(deps: Deps, ref: OperationRef): Promise<void> {
  const run = deps.ids.operation();
  const log = { project: ref.project, operationId: ref.operation };
  const claimed = await deps.store.claim(ref, run);
  if (claimed.kind === 'unknown') return;
  if (claimed.kind === 'over') return deps.notifier.tell(ref);
  if (claimed.kind === 'refused') {
    deps.log.info({ ...log, code: claimed.operation.refusal?.code }, 'operation refused by the worker');
    return deps.notifier.tell(ref);
  }
  deps.log.info({ ...log, action: claimed.operation.action }, 'operation started');
  const carried = carryThrough(deps, ref, claimed);
  // After the links have been asked, and beside them: neither waits for the other.
  const told = deps.notifier.tell(ref);
  try {
    await carried;
  } finally {
    await deps.store.leave(ref.project, run).catch(() => {});
    await told;
  }
  await deps.notifier.tell(ref);
  await noteState(deps, ref.project);
}

/** Reads everything again in each further turn: another run of the same operation may have come further. */
async function carryThrough(deps: Deps, ref: OperationRef, claimed: Held): Promise<void> {
  for (let held: Held | null = claimed; held !== null; held = await readHeld(deps, ref)) {
    const ending = await work(deps, held);
    if (ending === null) return;
    const committed = await deps.store.commit(ending);
    if (committed.kind === 'conflict') continue;
    const { state } = committed.operation;
    deps.log.info({ project: ref.project, operationId: ref.operation, state }, 'operation ended');
    return;
  }
}

/** Null: somebody else has come to the end of it. */
async function readHeld(deps: Deps, ref: OperationRef): Promise<Held | null> {
  const [project, operation, now] = await Promise.all([
    deps.store.read(ref.project),
    deps.store.readOperation(ref),
    deps.store.now(),
  ]);
  return project === null || operation === null || project.holder !== ref.operation
    ? null
    : { project, operation, now };
}

async function work(deps: Deps, held: Held): Promise<Ending | null> {
  const { project, operation } = held;
  if (operation.action === 'adopt') return adoptLinks(deps, project, operation);
  if (!mustBeChecked(operation)) return drive(deps, held);
  const obstacle = await findObstacle(deps, project, operation);
  if (obstacle !== null) return takenBack(project, operation, obstacle);
  const checked = await readHeld(deps, refOf(operation));
  return checked === null ? null : drive(deps, checked);
}

/** Start and Restore are checked once more before they touch a link; `progress` tells that they have passed. */
function mustBeChecked({ action, progress }: Operation): boolean {
  return (action === 'start' || action === 'restore') && progress === null;
}

/**
 * Start and Restore read every flag first. One that does not answer, or a failed precheck, means that nothing is touched
 * and the state goes back. Otherwise there is no way back from here on.
 */
async function findObstacle(deps: Deps, project: Project, operation: Operation): Promise<Refusal | null> {
  const { links } = project.definition;
  const flags = await deps.links.readFlags(links, answerWithinMs);
  const silent = links.filter((_link, index) => flags[index] === 'unreachable');
  if (silent.length > 0) return { code: 'links_unreachable', project: project.id, links: silent };
  let toPutBack = 0;
  if (operation.action === 'start') {
    const { items } = await precheckProject(deps, project);
    if (!precheckPassed(items)) return { code: 'precheck_failed', project: project.id, items };
  } else {
    const running = links.filter((_link, index) => flags[index] === 'resumed');
    const fresh = await deps.store.readOperation(refOf(operation));
    if (fresh === null || !mustBeChecked(fresh)) return null;
    const loose = await holdStill(deps, project, running);
    if (loose.length > 0) return { code: 'links_unreachable', project: project.id, links: [...loose] };
    toPutBack = countFailures((await observeProject(deps, project)).links);
  }
  await deps.store.progress(refOf(operation), { done: 0, total: links.length, toPutBack });
  return null;
}

async function drive(deps: Deps, { project, operation, now }: Held): Promise<Ending | null> {
  const ref = refOf(operation);
  const toPutBack = operation.progress?.toPutBack ?? 0;
  const converged = await converge(deps, {
    project: ref.project,
    known: project,
    holder: ref.operation,
    tryForMs: Math.max(0, pauseWithinMs - (now - (operation.startedAt ?? 0))),
    onProgress: ({ done, total }) => void reportProgress(deps, ref, { done, total, toPutBack }),
  });
  if (converged === null) return null;
  const look = await lookAtEnd(deps, converged.project, operation);
  if (converged.kind === 'unreachable') return notReached(operation, converged, look);
  return reached(operation, { converged, look, state: roads[operation.action].to ?? 'stay' });
}

/** The links do not wait for it, and whether it could be kept makes no difference to them. */
async function reportProgress(deps: Deps, ref: OperationRef, progress: Progress): Promise<void> {
  try {
    await deps.store.progress(ref, progress);
    await deps.notifier.tell(ref);
  } catch (error) {
    deps.log.warn({ project: ref.project, operationId: ref.operation, error }, 'progress could not be kept');
  }
}
