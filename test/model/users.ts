import { cancel, confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { Operation } from '../../src/domain/operation.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RequestCommand, users } from './commands.ts';
import type { System } from './system.ts';
import { botOf, type ModelRun, projectOf, recordErrors } from './trace.ts';

/** The action that a state allows. */
const allowedActions: Readonly<Record<string, Action>> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
};

/** The action that the state allows. During a transition, with `waitForOutcome`, waits for its end; otherwise pause. */
async function pickAction({ redis }: System, id: string, waitForOutcome: boolean): Promise<Action> {
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
  const { id } = projectOf(system, command.project);
  const action = command.action === 'allowed' ? await pickAction(system, id, command.waitForOutcome) : command.action;
  const origin = command.by.startsWith('cli:') ? 'cli' : 'slack';
  const channel = origin === 'cli' ? null : 'C0SYNC';
  const [bot, otherBot] = [botOf(system, command.bot), botOf(system, command.bot + 1)];
  const context =
    command.confirmation === 'expire' ? { ...bot, settings: { ...bot.settings, confirmationTtlMs: 20 } } : bot;
  const request = { project: id, action, by: command.by, reason: null, origin, channel } as const;
  const result = await recordErrors(run, () => requestAction(context, request));
  if (result === undefined) return;
  run.trace.requests.push({ project: id, action, by: command.by, result });
  if (result.kind === 'refused') return;
  const { operation } = result;
  const press = { operation, by: command.by, isCancel: false };
  switch (command.confirmation) {
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
      await pressButton(run, otherBot, { ...press, by: otherUser(command.by) });
      await pressButton(run, bot, press);
      break;
    case 'expire':
      await waitFor(async () => serverTime(await system.redis.time()) > operation.expiresAt);
      return void (await pressButton(run, bot, press));
    case 'ok_after_changes':
      await waitUntilAllowedAgain(system, operation);
      await pressButton(run, bot, press);
      break;
    case 'ok_and_lost_job':
      await pressButton(run, { ...bot, jobs: { ...bot.jobs, execute: loseJob } }, press);
      break;
    case 'leave_open':
      return void run.trace.openConfirmations.push(operation);
    default:
      return command.confirmation satisfies never;
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

interface Press {
  readonly operation: Operation;
  readonly by: string;
  readonly isCancel: boolean;
}

export async function pressButton(
  run: ModelRun,
  context: UseCaseContext,
  { operation, by, isCancel }: Press,
): Promise<void> {
  const ref = { project: operation.project, operation: operation.id };
  const resolve = isCancel ? cancel : confirm;
  const result = await recordErrors(run, () => resolve(context, { ref, by, dialog: null }));
  if (result === undefined) return;
  run.trace.presses.push({ operation, by, decision: isCancel ? 'cancel' : 'confirm', result });
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
