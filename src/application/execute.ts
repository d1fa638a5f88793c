import { roads } from '../domain/lifecycle.ts';
import { answerWithinMs, type Operation, type OperationRef, type Outcome, pauseWithinMs } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Link, Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Converged, converge, holdStill, isSettled } from './converge.ts';
import type { Deps } from './deps.ts';
import { observeProject, precheckProject } from './look.ts';
import type { Ending } from './store.ts';

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
  await deps.notifier.alert(ref.project);
}

/** Reads everything again in each turn: another run of the same operation may have come further. */
async function carryThrough(deps: Deps, ref: OperationRef): Promise<void> {
  for (;;) {
    const [project, operation] = await Promise.all([deps.store.read(ref.project), deps.store.readOperation(ref)]);
    if (project === null || operation === null || project.holder !== ref.operation) return;
    const obstacle = mustBeChecked(operation) ? await findObstacle(deps, project, operation) : null;
    const ending = obstacle === null ? await drive(deps, ref, operation) : takenBack(ref, project, obstacle);
    if (ending === null) return;
    const committed = await deps.store.commit(ending);
    if (committed.kind === 'conflict') continue;
    const { state } = committed.operation;
    deps.log.info({ project: ref.project, operationId: ref.operation, state }, 'operation ended');
    return;
  }
}

/** Start and Restore are checked once more before they touch a link; `progress` tells that they have passed. */
function mustBeChecked({ action, progress }: Operation): boolean {
  return action !== 'pause' && progress === null;
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
    const fresh = await deps.store.readOperation({ project: project.id, operation: operation.id });
    if (fresh === null || !mustBeChecked(fresh)) return null;
    const loose = await holdStill(deps, project, running);
    if (loose.length > 0) return { code: 'links_unreachable', project: project.id, links: [...loose] };
  }
  await deps.store.progress({ project: project.id, operation: operation.id }, { done: 0, total: links.length });
  return null;
}

function takenBack(ref: OperationRef, project: Project, refusal: Refusal): Ending {
  return {
    ref,
    expectedVersion: project.version,
    operationState: refusal.code === 'links_unreachable' ? 'failed' : 'refused',
    projectState: 'back',
    converged: false,
    outcome: null,
    refusal,
    failure: null,
  };
}

async function drive(deps: Deps, ref: OperationRef, operation: Operation): Promise<Ending | null> {
  const startedAgo = (await deps.store.now()) - (operation.startedAt ?? 0);
  const converged = await converge(deps, {
    project: ref.project,
    holder: ref.operation,
    tryForMs: Math.max(0, pauseWithinMs - startedAgo),
    onProgress: async (progress) => {
      await deps.store.progress(ref, progress);
      await deps.notifier.tell(ref);
    },
  });
  if (converged === null) return null;
  const inFlight = operation.action === 'pause' ? (await observeProject(deps, converged.project)).inFlight : null;
  return converged.kind === 'agreed'
    ? reached(ref, operation, { converged, inFlight })
    : notReached(ref, converged, { inFlight, now: await deps.store.now() });
}

function reached(
  ref: OperationRef,
  operation: Operation,
  { converged, inFlight }: { converged: Converged; inFlight: number | null },
): Ending {
  return {
    ref,
    operationState: 'done',
    converged: isSettled(converged),
    refusal: null,
    failure: null,
    expectedVersion: converged.project.version,
    projectState: roads[operation.action].to,
    outcome: outcomeOf(converged, inFlight),
  };
}

/** What could not be reached makes the project Failed; its links are wanted paused then, and converge goes on trying. */
function notReached(
  ref: OperationRef,
  converged: Converged,
  { inFlight, now }: { inFlight: number | null; now: number },
): Ending {
  const [link] = converged.unreachable as readonly [Link, ...Link[]];
  return {
    ref,
    operationState: 'failed',
    projectState: 'failed',
    converged: false,
    refusal: null,
    expectedVersion: converged.project.version,
    outcome: outcomeOf(converged, inFlight),
    failure: { link, taskId: null, reason: 'the link could not be reached', at: now },
  };
}

function outcomeOf({ project, unreachable, missing, putBack }: Converged, inFlight: number | null): Outcome {
  const linksTotal = project.definition.links.length;
  return {
    linksTotal,
    inFlight,
    putBack,
    linksDone: linksTotal - unreachable.length - missing.length,
    unreachable: [...unreachable],
    missing: [...missing],
  };
}
