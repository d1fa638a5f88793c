import type { Deps } from '../../src/application/deps.ts';
import { StoreUnavailable } from '../../src/application/faults.ts';
import { requestAction } from '../../src/application/request.ts';
import { cancel, confirm } from '../../src/application/settle.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { Action } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import { attempt, botOf, projectOf, type Story } from './so-far.ts';
import { type Ask, people } from './steps.ts';
import type { System } from './system.ts';

/** The action that a state allows. */
const fitting: Readonly<Record<string, Action>> = {
  not_started: 'start',
  running: 'pause',
  paused: 'restore',
  failed: 'restore',
};

/** The action that fits; in between, and without the patience to wait for the end of that, one that does not. */
async function fittingAction({ redis }: System, id: string, waits: boolean): Promise<Action> {
  const now = async () => fitting[(await redis.hget(`syncbot:{p:${id}}:state`, 'state')) ?? ''];
  return (waits ? await waitFor(now, { timeoutMs: patienceMs }).catch(now) : await now()) ?? 'pause';
}

/** People have only so much patience; the story goes on with or without what they wait for. */
const patienceMs = 1_500;

/** Somebody asks, and the dialog comes to its end. */
export async function ask(story: Story, step: Ask): Promise<void> {
  const { system } = story;
  const { id } = projectOf(system, step.project);
  const action = step.action === 'fitting' ? await fittingAction(system, id, step.waits) : step.action;
  const origin = step.by.startsWith('cli:') ? 'cli' : 'slack';
  const channel = origin === 'cli' ? null : 'C0SYNC';
  const [bot, otherBot] = [botOf(system, step.bot), botOf(system, step.bot + 1)];
  const deps = step.ending === 'expire' ? { ...bot, settings: { confirmationTtlMs: 20 } } : bot;
  const asked = { project: id, action, by: step.by, reason: null, origin, channel } as const;
  const answer = await attempt(story, () => requestAction(deps, asked));
  if (answer === undefined) return;
  story.observed.asked.push({ project: id, action, by: step.by, answer });
  if (answer.kind === 'refused') return;
  const { operation } = answer;
  const own = { operation, by: step.by, cancel: false };
  switch (step.ending) {
    case 'ok':
      await press(story, bot, own);
      break;
    case 'ok twice':
      await Promise.all([press(story, bot, own), press(story, bot, own)]);
      break;
    case 'ok at both bots':
      await Promise.all([press(story, bot, own), press(story, otherBot, own)]);
      break;
    case 'ok against cancel':
      await Promise.all([press(story, bot, own), press(story, otherBot, { ...own, cancel: true })]);
      break;
    case 'cancel':
      await press(story, bot, { ...own, cancel: true });
      break;
    case 'another person first':
      await press(story, otherBot, { ...own, by: somebodyElse(step.by) });
      await press(story, bot, own);
      break;
    case 'expire':
      await waitFor(async () => serverTime(await system.redis.time()) > operation.expiresAt);
      return void (await press(story, bot, own));
    case 'ok when it has changed':
      await changedAndBack(system, operation);
      await press(story, bot, own);
      break;
    case 'ok and the job is lost':
      await press(story, { ...bot, queue: { ...bot.queue, execute: noJob } }, own);
      break;
    case 'leave open':
      return void story.observed.leftOpen.push(operation);
    default:
      return step.ending satisfies never;
  }
  if (step.waits) await outcome(system, operation);
}

/** Waits until the project has moved on since a request, and is where the same action is allowed once more. */
async function changedAndBack({ redis }: System, { project, action, projectVersion }: Operation): Promise<void> {
  const isBack = async () => {
    const [version, state] = await redis.hmget(`syncbot:{p:${project}}:state`, 'version', 'state');
    return Number(version) > projectVersion && fitting[state ?? ''] === action;
  };
  await waitFor(isBack, { timeoutMs: patienceMs }).catch(() => {});
}

/** As when the bot dies between the settlement and its job. */
async function noJob(): Promise<void> {
  throw new StoreUnavailable('no', { cause: new Error('the bot died') });
}

interface Press {
  readonly operation: Operation;
  readonly by: string;
  readonly cancel: boolean;
}

export async function press(story: Story, deps: Deps, { operation, by, cancel: cancels }: Press): Promise<void> {
  const ref = { project: operation.project, operation: operation.id };
  const settle = cancels ? cancel : confirm;
  const answer = await attempt(story, () => settle(deps, { ref, by, dialog: null }));
  if (answer === undefined) return;
  story.observed.pressed.push({ operation, by, settlement: cancels ? 'cancel' : 'confirm', answer });
}

async function outcome({ redis }: System, { project, id }: Operation): Promise<void> {
  const isOver = async () => (await redis.hget(`syncbot:{p:${project}}:op:${id}`, 'finishedAt')) !== '';
  await waitFor(isOver, { timeoutMs: patienceMs }).catch(() => {});
}

export function somebodyElse(by: string): string {
  return people.find((person) => person !== by) ?? by;
}

function serverTime([seconds, microseconds]: readonly (string | number)[]): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
