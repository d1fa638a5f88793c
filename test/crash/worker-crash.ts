import type { OperationRef } from '../../src/domain/operation.ts';
import type { Action } from '../../src/domain/project.ts';
import { confirmed } from '../application/hands.ts';
import { waitFor } from '../support/wait.ts';
import { expectOneOutcomeEach } from './checks.ts';
import { namerOf, type Point } from './points.ts';
import { openStage, type Stage } from './stage.ts';
import type { Watch } from './stopping-proxy.ts';
import type { Cast, Theatre } from './theatre.ts';
import { watchPaused } from './witness.ts';

/** While points are counted nobody may take the job over, however slow the machine. */
const longLockMs = 120_000;

/** The points of an operation, counted while nobody is stopped. */
export async function countWorkerPoints(theatre: Theatre, action: Action): Promise<readonly string[]> {
  const { world } = theatre;
  await using stage = await openStage(theatre, theatre.nextProject(), action);
  await using cast = await theatre.victim({ works: true, lockMs: longLockMs });
  const { ref, watch } = await takeUp(theatre, { stage, cast, action, point: null });
  const job = `{syncbot}:actions:execute-${ref.operation}`;
  await waitFor(async () => (await world.redis.exists(job)) === 0, { describe: 'the end of the job' });
  await using _healthy = await theatre.healthy();
  await expectOneOutcomeEach(world, stage, { operations: [{ ref, action }], lateDrives: 0, runsLeft: 0 });
  return watch.labels;
}

/** Kills a worker at a point of its operation; another one carries the operation on. */
export async function killWorker(theatre: Theatre, action: Action, point: Point): Promise<void> {
  const { world } = theatre;
  await using stage = await openStage(theatre, theatre.nextProject(), action);
  await using cast = await theatre.victim({ works: true });
  const { ref, watch } = await takeUp(theatre, { stage, cast, action, point });
  await cast.stopped(watch);
  await cast.victim.kill();
  await using witness = watchPaused(world, stage);
  await witness.testify();
  await using _healthy = await theatre.healthy();
  await over(theatre, ref);
  await witness.testify();
  await expectOneOutcomeEach(world, stage, { operations: [{ ref, action }], lateDrives: 0, runsLeft: 1 });
}

/**
 * Freezes a worker at a point past its lock, until another one has ended the operation and then the opposite one. What the
 * first has sent, and what it goes on to do, comes late.
 */
export async function freezeWorker(theatre: Theatre, action: Action, point: Point): Promise<void> {
  const { world } = theatre;
  await using stage = await openStage(theatre, theatre.nextProject(), action);
  await using cast = await theatre.victim({ works: true });
  const { ref, watch } = await takeUp(theatre, { stage, cast, action, point });
  await cast.stopped(watch);
  await using _healthy = await theatre.healthy();
  const later = oppositeOf(action);
  const laterRef = await playOn(theatre, { stage, ref, later });
  cast.proxy.letGo();
  cast.victim.signal('SIGCONT');
  await cast.victim.close();
  const operations = [
    { ref, action },
    { ref: laterRef, action: later },
  ] as const;
  await expectOneOutcomeEach(world, stage, { operations, lateDrives: 1, runsLeft: 0 });
}

/** While one is frozen: the operation ends, then a later one. Nothing comes late yet, so Paused means paused all the time. */
async function playOn(
  theatre: Theatre,
  { stage, ref, later }: { stage: Stage; ref: OperationRef; later: Action },
): Promise<OperationRef> {
  await using witness = watchPaused(theatre.world, stage);
  await witness.testify();
  await over(theatre, ref);
  await witness.testify();
  const laterRef = await theatre.world.act(stage.project, later, 'U0BOB');
  await over(theatre, laterRef);
  await witness.testify();
  await stage.addTasks();
  return laterRef;
}

/** The operation becomes a job, and the victim takes it: from here on its requests count. */
async function takeUp(
  { world }: Theatre,
  { stage, cast, action, point }: { stage: Stage; cast: Cast; action: Action; point: Point | null },
): Promise<{ readonly ref: OperationRef; readonly watch: Watch }> {
  const { victim, proxy } = cast;
  await waitFor(() => proxy.isWaitedOn(), { describe: 'a worker that waits' });
  const ref = await confirmed(world, stage.project, action);
  const watch = proxy.watch({ point, name: namerOf(ref), freeze: () => victim.signal('SIGSTOP') });
  await world.deps.queue.execute(ref);
  return { ref, watch };
}

export async function over({ world }: Theatre, ref: OperationRef): Promise<void> {
  await waitFor(async () => (await world.deps.store.readOperation(ref))?.finishedAt != null, {
    describe: 'the outcome',
  });
}

/** What somebody else may do next. */
export function oppositeOf(action: Action): Action {
  return action === 'pause' ? 'restore' : 'pause';
}
