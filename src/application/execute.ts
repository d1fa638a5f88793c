import { roads } from '../domain/lifecycle.ts';
import { countFailures } from '../domain/observation.ts';
import { answerWithinMs, type Operation, type OperationRef, pauseWithinMs, refOf } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { adoptLinks } from './adopt.ts';
import { converge, holdStill } from './converge.ts';
import type { Deps } from './deps.ts';
import { lookAtEnd, notReached, reached, takenBack } from './ending.ts';
import { observeProject, precheckProject } from './look.ts';
import type { Ending } from './store.ts';
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
  await deps.notifier.tell(ref);
  if (claimed.kind === 'over') return;
  if (claimed.kind === 'refused') {
    deps.log.info({ ...log, code: claimed.operation.refusal?.code }, 'operation refused by the worker');
    return;
  }
  deps.log.info({ ...log, action: claimed.operation.action }, 'operation started');
  try {
    await carryThrough(deps, ref);
  } finally {
    await deps.store.leave(ref.project, run).catch(() => {});
  }
  await deps.notifier.tell(ref);
  await noteState(deps, ref.project);
}

/** Reads everything again in each turn: another run of the same operation may have come further. */
async function carryThrough(deps: Deps, ref: OperationRef): Promise<void> {
  for (;;) {
    const [project, operation] = await Promise.all([deps.store.read(ref.project), deps.store.readOperation(ref)]);
    if (project === null || operation === null || project.holder !== ref.operation) return;
    const ending = await work(deps, project, operation);
    if (ending === null) return;
    const committed = await deps.store.commit(ending);
    if (committed.kind === 'conflict') continue;
    const { state } = committed.operation;
    deps.log.info({ project: ref.project, operationId: ref.operation, state }, 'operation ended');
    return;
  }
}

async function work(deps: Deps, project: Project, operation: Operation): Promise<Ending | null> {
  if (operation.action === 'adopt') return adoptLinks(deps, project, operation);
  const obstacle = mustBeChecked(operation) ? await findObstacle(deps, project, operation) : null;
  if (obstacle !== null) return takenBack(project, operation, obstacle);
  const checked = await deps.store.readOperation(refOf(operation));
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
  if (operation.action === 'start') {
    const { items } = await precheckProject(deps, project);
    if (!precheckPassed(items)) return { code: 'precheck_failed', project: project.id, items };
  } else {
    const running = links.filter((_link, index) => flags[index] === 'resumed');
    const fresh = await deps.store.readOperation(refOf(operation));
    if (fresh === null || !mustBeChecked(fresh)) return null;
    const loose = await holdStill(deps, project, running);
    if (loose.length > 0) return { code: 'links_unreachable', project: project.id, links: [...loose] };
  }
  const toPutBack = operation.action === 'restore' ? countFailures((await observeProject(deps, project)).links) : 0;
  await deps.store.progress(refOf(operation), { done: 0, total: links.length, toPutBack });
  return null;
}

async function drive(deps: Deps, operation: Operation): Promise<Ending | null> {
  const ref = refOf(operation);
  const toPutBack = operation.progress?.toPutBack ?? 0;
  const startedAgo = (await deps.store.now()) - (operation.startedAt ?? 0);
  const converged = await converge(deps, {
    project: ref.project,
    holder: ref.operation,
    tryForMs: Math.max(0, pauseWithinMs - startedAgo),
    onProgress: async ({ done, total }) => {
      await deps.store.progress(ref, { done, total, toPutBack });
      await deps.notifier.tell(ref);
    },
  });
  if (converged === null) return null;
  const look = await lookAtEnd(deps, converged.project, operation);
  if (converged.kind === 'unreachable') return notReached(operation, converged, look);
  return reached(operation, { converged, look, state: roads[operation.action].to ?? 'stay' });
}
