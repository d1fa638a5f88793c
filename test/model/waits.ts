import { type OperationRef, refOf } from '../../src/domain/operation.ts';
import { actionIds } from '../../src/slack/action-ids.ts';
import { operationRefValue } from '../../src/slack/button-values.ts';
import { onWaitPress } from '../../src/slack/listeners/project-buttons.ts';
import { readBlockAction } from '../../src/slack/requests.ts';
import type { ModelBot } from './bot.ts';
import { type DecideWait, slackUsers, type WaitDecision } from './commands.ts';
import { changeFlag } from './links.ts';
import { deliver, pressButton, sendRequest, watchPermission } from './requests.ts';
import { buttonBody } from './slack-users.ts';
import { increment } from './stats.ts';
import type { ModelProject, System } from './system.ts';
import { botOf, type ModelRun, projectOf } from './trace.ts';
import { readWaitingPause } from './waiting-pause.ts';

/** A user decides about a pause that waits, or requests one first. Another user decides at the same time, or none does. */
export async function decideWait(run: ModelRun, command: DecideWait): Promise<void> {
  const ref = (await pickWait(run.system, command.project)) ?? (await requestWait(run, command)) ?? lastWait(run);
  if (ref === null) return;
  const { by, bot, decision, other } = command;
  const another = slackUsers.find((user) => user !== by) ?? by;
  await Promise.all([
    press(run, botOf(run.system, bot), { ref, by, decision }),
    ...(other === null ? [] : [press(run, botOf(run.system, bot + 1), { ref, by: another, decision: other })]),
  ]);
}

/** Prefers a project whose pause waits. */
export async function pickWaitingProject(system: System, index: number): Promise<ModelProject> {
  const waiting = await listWaiting(system);
  return waiting[index % Math.max(1, waiting.length)]?.project ?? projectOf(system, index);
}

async function listWaiting({ redis, projects }: System) {
  const texts = await Promise.all(projects.map(({ id }) => redis.hget(`syncbot:{p:${id}}:state`, 'waitingPause')));
  return projects.flatMap((project, position) => {
    const waiting = readWaitingPause(texts[position]);
    return waiting === null ? [] : [{ project, operation: waiting.operation }];
  });
}

/** A pause that waits. Null if none does. */
async function pickWait(system: System, index: number): Promise<OperationRef | null> {
  const waiting = await listWaiting(system);
  const one = waiting[index % Math.max(1, waiting.length)];
  return one === undefined ? null : { project: one.project.id, operation: one.operation };
}

/** Requests a pause of a project that does not catch up, because a person has paused a link of it. Null if it is refused. */
async function requestWait(
  run: ModelRun,
  { project: index, by, bot: botIndex }: DecideWait,
): Promise<OperationRef | null> {
  const project = projectOf(run.system, index);
  const bot = botOf(run.system, botIndex);
  const [link] = project.links;
  if ((await run.system.redis.hget(`syncbot:{p:${project.id}}:state`, 'state')) !== 'running' || link === undefined)
    return null;
  if (await changeFlag(link, 'paused')) increment(run.trace.faults, 'paused_by_person');
  await link.addTasks(1);
  const operation = await sendRequest(run, [bot], { project, action: 'pause', by, whenCaughtUp: true });
  if (operation === null) return null;
  await pressButton(run, bot, { operation, by, isCancel: false });
  return refOf(operation);
}

/** The last one that was requested. Null if none was. */
function lastWait({ trace }: ModelRun): OperationRef | null {
  const requested = trace.requests.flatMap(({ result }) => (result.kind === 'requested' ? [result.operation] : []));
  const last = requested.findLast(({ catchUpMs }) => catchUpMs !== null);
  return last === undefined ? null : { project: last.project, operation: last.id };
}

interface WaitPress {
  readonly ref: OperationRef;
  readonly by: string;
  readonly decision: WaitDecision;
}

async function press(run: ModelRun, bot: ModelBot, { ref, by, decision }: WaitPress): Promise<void> {
  const permission = await watchPermission(run.system, by);
  const actionId = decision === 'cancel' ? actionIds.wait.cancel : actionIds.wait.now;
  const body = buttonBody(run.system.slack, by, { actionId, value: operationRefValue(ref) });
  const [result] = await deliver(run, [bot], { listener: { decode: readBlockAction, run: onWaitPress }, body });
  if (result === undefined) return;
  const refusal = result.kind === 'refusal' ? result.refusal : null;
  run.trace.waitPresses.push({ ref, by, decision, refusal, permission: await permission() });
}
