import { requestAction } from '../../src/application/request.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Action } from '../../src/domain/project.ts';
import { expectNothingDone, expectOneOutcomeEach } from './checks.ts';
import { namerOf, type Point } from './points.ts';
import { openStage, type Stage } from './stage.ts';
import type { Watch } from './stopping-proxy.ts';
import type { Cast, Theatre } from './theatre.ts';
import { oppositeOf, over } from './worker-crash.ts';

const alice = 'U0ALICE';
const bob = 'U0BOB';

/** The points of a press of OK, counted while nobody is stopped. */
export async function countBotPoints(theatre: Theatre, action: Action): Promise<readonly string[]> {
  await using stage = await openStage(theatre, theatre.nextProject(), action);
  await using cast = await theatre.victim({ works: false });
  const { ref, watch } = await press(theatre, { stage, cast, action, point: null });
  await cast.victim.pressed();
  await using _healthy = await theatre.healthy();
  await over(theatre, ref);
  await expectOneOutcomeEach(theatre.world, stage, { operations: [{ ref, action }], lateDrives: 0, runsLeft: 0 });
  return watch.labels;
}

/** Kills the bot between OK and the job: the operation is carried out once, or nobody ever pressed OK. */
export async function killBot(theatre: Theatre, action: Action, point: Point): Promise<void> {
  await using stage = await openStage(theatre, theatre.nextProject(), action);
  await using cast = await theatre.victim({ works: false });
  const { ref, watch } = await press(theatre, { stage, cast, action, point });
  await cast.stopped(watch);
  await cast.victim.kill();
  await using _healthy = await theatre.healthy();
  if (isBeforeSettling(point)) return expectNothingDone(theatre.world, stage, ref);
  await over(theatre, ref);
  await expectOneOutcomeEach(theatre.world, stage, { operations: [{ ref, action }], lateDrives: 0, runsLeft: 0 });
}

/** Freezes the bot between OK and the job, until the operation and a later one are over. What it does then comes late. */
export async function freezeBot(theatre: Theatre, action: Action, point: Point): Promise<void> {
  const { world } = theatre;
  await using stage = await openStage(theatre, theatre.nextProject(), action);
  await using cast = await theatre.victim({ works: false });
  const { ref, watch } = await press(theatre, { stage, cast, action, point });
  await cast.stopped(watch);
  await using _healthy = await theatre.healthy();
  const isLate = isBeforeSettling(point);
  if (isLate) await expectNothingDone(world, stage, ref);
  else await over(theatre, ref);
  const laterAction = isLate ? action : oppositeOf(action);
  const later = await world.act(stage.project, laterAction, bob);
  await over(theatre, later);

  cast.proxy.letGo();
  cast.victim.signal('SIGCONT');
  await cast.victim.pressed();
  await over(theatre, ref);
  const carriedOut = [{ ref: later, action: laterAction }];
  if (!isLate) carriedOut.unshift({ ref, action });
  const refused = isLate ? ref : null;
  await expectOneOutcomeEach(world, stage, { operations: carriedOut, refused, lateDrives: 0, runsLeft: 0 });
}

/** The bot asks for the time first, then settles. */
function isBeforeSettling({ label, when }: Point): boolean {
  return label.startsWith('time ') || (label.startsWith('settle ') && when === 'before');
}

/** Somebody has asked, and presses OK: from here on the requests of the bot count. */
async function press(
  { world }: Theatre,
  { stage, cast, action, point }: { stage: Stage; cast: Cast; action: Action; point: Point | null },
): Promise<{ readonly ref: OperationRef; readonly watch: Watch }> {
  const { victim, proxy } = cast;
  const asked = {
    project: stage.project,
    action,
    by: alice,
    reason: null,
    origin: 'slack',
    channel: 'C0SYNC',
  } as const;
  const requested = await requestAction(world.deps, asked);
  if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
  const ref = { project: stage.project, operation: requested.operation.id };
  const watch = proxy.watch({ point, name: namerOf(ref), freeze: () => victim.signal('SIGSTOP') });
  victim.press({ ref, by: alice });
  return { ref, watch };
}
