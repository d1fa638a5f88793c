import { StoreUnavailableError } from '../../src/application/errors.ts';
import { type Action, isAction } from '../../src/domain/lifecycle.ts';
import type { Operation } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RequestCommand, users } from './commands.ts';
import { isFromSlack, pressButton, runCliCommand, sendRequest, withContext } from './requests.ts';
import type { System } from './system.ts';
import { botOf, type ModelRun, projectOf } from './trace.ts';

/** The action that a state allows. */
const allowedActions: Readonly<Record<string, Action>> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
};

/** The action that the state allows. During a transition, with `waitForOutcome`, waits for its end; otherwise pause. */
export async function pickAction({ redis }: System, id: string, waitForOutcome: boolean): Promise<Action> {
  const readAllowedAction = async () => allowedActions[(await redis.hget(`syncbot:{p:${id}}:state`, 'state')) ?? ''];
  return (
    (waitForOutcome
      ? await waitFor(readAllowedAction, { timeoutMs: userTimeoutMs }).catch(readAllowedAction)
      : await readAllowedAction()) ?? 'pause'
  );
}

/** A user stops waiting for an outcome after this time. */
const userTimeoutMs = 1_500;

/** Requests an action and answers its dialog. */
export async function performRequest(run: ModelRun, command: RequestCommand): Promise<void> {
  const { system } = run;
  const project = projectOf(system, command.project);
  const withoutFailedAgain = command.action === 'restore_without';
  const action =
    command.action === 'allowed'
      ? await pickAction(system, project.id, command.waitForOutcome)
      : command.action === 'restore_without'
        ? 'restore'
        : command.action;
  const { by, confirmation } = command;
  const duration = action === 'pause' ? command.duration : null;
  const whenCaughtUp = action === 'pause' && command.whenCaughtUp;
  const [bot, otherBot] = [botOf(system, command.bot), botOf(system, command.bot + 1)];
  const isPlain = !withoutFailedAgain && duration === null && !whenCaughtUp;
  if (!isFromSlack(by) && confirmation === 'ok' && isAction(action) && isPlain) {
    const timeoutMs = command.waitForOutcome ? userTimeoutMs : 1;
    return runCliCommand(run, bot, { project, action, timeoutMs });
  }
  const expiring = { settings: { ...bot.context.settings, confirmationTtlMs: 20 } };
  const receivers = [bot, otherBot].map((one) => (confirmation === 'expire' ? withContext(one, expiring) : one));
  const operation = await sendRequest(run, receivers.slice(0, command.isDeliveredTwice ? 2 : 1), {
    project,
    action,
    by,
    withoutFailedAgain,
    duration,
    whenCaughtUp,
  });
  if (operation === null) return;
  const press = { operation, by, isCancel: false };
  switch (confirmation) {
    case 'ok':
      await pressButton(run, bot, press);
      break;
    case 'ok_twice':
      await Promise.all([pressButton(run, bot, press), pressButton(run, bot, press)]);
      break;
    case 'ok_at_both_bots':
      await Promise.all([pressButton(run, bot, press), pressButton(run, otherBot, press)]);
      break;
    case 'ok_and_cancel':
      await Promise.all([pressButton(run, bot, press), pressButton(run, otherBot, { ...press, isCancel: true })]);
      break;
    case 'cancel':
      await pressButton(run, bot, { ...press, isCancel: true });
      break;
    case 'other_user_first':
      await pressButton(run, otherBot, { ...press, by: otherUser(by) });
      await pressButton(run, bot, press);
      break;
    case 'expire':
      await waitFor(async () => serverTime(await system.redis.time()) > operation.expiresAt);
      return pressButton(run, bot, press);
    case 'ok_after_changes':
      await waitUntilAllowedAgain(system, operation);
      await pressButton(run, bot, press);
      break;
    case 'ok_and_lost_job':
      await pressButton(run, withContext(bot, { jobs: { ...bot.context.jobs, execute: loseJob } }), press);
      break;
    case 'leave_open':
      return void run.trace.openConfirmations.push(operation);
    default:
      return confirmation satisfies never;
  }
  if (command.waitForOutcome) await waitForOutcome(system, operation);
}

/** Waits until the project has a newer version whose state allows the same action. */
async function waitUntilAllowedAgain({ redis }: System, { project, action, projectVersion }: Operation): Promise<void> {
  const isAllowedAgain = async () => {
    const [version, state] = await redis.hmget(`syncbot:{p:${project}}:state`, 'version', 'state');
    return Number(version) > projectVersion && allowedActions[state ?? ''] === action;
  };
  await waitFor(isAllowedAgain, { timeoutMs: userTimeoutMs }).catch(() => {});
}

/** Simulates a bot that dies after it has resolved the operation and before it adds the job. */
async function loseJob(): Promise<void> {
  throw new StoreUnavailableError('no', { cause: new Error('the bot has died') });
}

async function waitForOutcome({ redis }: System, { project, id }: Operation): Promise<void> {
  const isFinished = async () => (await redis.hget(`syncbot:{p:${project}}:op:${id}`, 'finishedAt')) !== '';
  await waitFor(isFinished, { timeoutMs: userTimeoutMs }).catch(() => {});
}

export function otherUser(by: string): string {
  return users.find((user) => user !== by) ?? by;
}

function serverTime([seconds, microseconds]: readonly (string | number)[]): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
