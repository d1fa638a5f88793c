import type { Deps } from '../../src/application/deps.ts';
import { StoreUnavailable } from '../../src/application/faults.ts';
import { observeAll } from '../../src/application/observe.ts';
import { type Requested, requestAction } from '../../src/application/request.ts';
import { cancel, confirm } from '../../src/application/settle.ts';
import type { Settled } from '../../src/application/store.ts';
import { sweep } from '../../src/application/sweep.ts';
import { fixRefusedRows } from '../../src/demo/tables.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { Action } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import { type Ask, people, type Step } from './steps.ts';
import type { ModelProject, System } from './system.ts';

/** What people asked and what they were answered. `unknown`: Redis did not answer. */
export interface Observed {
  readonly asked: AskedOnce[];
  readonly pressed: PressedOnce[];
  /** Exceptions that are no outage: there should be none. */
  readonly faults: string[];
  unknown: number;
}

export interface AskedOnce {
  readonly project: string;
  readonly action: Action;
  readonly by: string;
  readonly answer: Requested;
}

export interface PressedOnce {
  readonly operation: Operation;
  readonly by: string;
  readonly settlement: 'confirm' | 'cancel';
  readonly answer: Settled;
}

export interface Story {
  readonly system: System;
  readonly observed: Observed;
}

/** Carries out one command. Never throws: what goes wrong stands in `observed.faults`. */
export async function perform(story: Story, step: Step): Promise<void> {
  await attempt(story, () => doIt(story, step));
}

async function doIt(story: Story, step: Step): Promise<void> {
  const { system } = story;
  switch (step.kind) {
    case 'ask':
      return ask(story, step);
    case 'press an old button': {
      const old = oldOperation(story, step.old);
      if (old === null) return;
      const by = step.other ? somebodyElse(old.by) : old.by;
      return void (await press(story, botOf(system, step.old), { operation: old, by, cancel: step.cancel }));
    }
    case 'deliver again': {
      const old = oldOperation(story, step.old);
      if (old === null) return;
      const job = { project: old.project, operation: old.id };
      await botOf(system, step.old).queue.execute(job);
      return void (await system.actions.add('execute', job, { removeOnComplete: true, removeOnFail: true }));
    }
    case 'sweep at both bots':
      return void (await Promise.all(system.bots.map((bot) => attempt(story, () => sweep(bot)))));
    case 'observe':
      return observeAll(botOf(system, step.bot));
    case 're-apply':
      return botOf(system, step.project).queue.converge(projectOf(system, step.project).id);
    case 'kill':
      return system.workers.kill(step.worker);
    case 'stop':
      return system.workers.stop(step.worker, step.forMs);
    case 'start':
      return system.workers.start(step.worker);
    case 'cut':
      return system.proxy.cutOne(step.cut, step.chosen);
    case 'delay':
      return system.proxy.delay(step.ms);
    case 'outage':
      return system.proxy.outage(step.forMs);
    case 'tasks':
      return void (await linkOf(system, step).source.burst(step.count));
    case 'poison':
      return void (await linkOf(system, step).source.poison(String(1 + (step.link % 10))));
    case 'mend':
      return mend(system, projectOf(system, step.project));
    case 'restart link worker':
      return linkOf(system, step).restartWorker();
    default:
      return step satisfies never;
  }
}

/** Makes room in the targets for the rows that they refused. */
export async function mend({ redis }: System, { id, links }: ModelProject): Promise<void> {
  for (const { link } of links) await fixRefusedRows(redis, { project: id, link });
}

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

async function ask(story: Story, step: Ask): Promise<void> {
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
    case 'leave open':
      return;
    default:
      return step.ending satisfies never;
  }
  if (step.waits) await outcome(system, operation);
}

interface Press {
  readonly operation: Operation;
  readonly by: string;
  readonly cancel: boolean;
}

async function press(story: Story, deps: Deps, { operation, by, cancel: cancels }: Press): Promise<void> {
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

async function attempt<T>({ observed }: Story, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StoreUnavailable) observed.unknown += 1;
    else observed.faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return undefined;
  }
}

function oldOperation({ observed }: Story, old: number): Operation | null {
  const found = observed.asked.map(({ answer }) => answer).filter((answer) => answer.kind === 'requested');
  return found.at(-1 - (old % Math.max(1, found.length)))?.operation ?? null;
}

function somebodyElse(by: string): string {
  return people.find((person) => person !== by) ?? by;
}

function serverTime([seconds, microseconds]: readonly (string | number)[]): number {
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}

function botOf({ bots }: System, index: number): Deps {
  return bots[index % bots.length] as Deps;
}

function projectOf({ projects }: System, index: number): ModelProject {
  return projects[index % projects.length] as ModelProject;
}

function linkOf(system: System, { project, link }: { readonly project: number; readonly link: number }) {
  const { links } = projectOf(system, project);
  return links[link % links.length] as ModelProject['links'][number];
}
