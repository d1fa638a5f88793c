import { type WaitStatus, waitForGoal } from '../application/wait-for-goal.ts';
import type { FollowGoal } from '../domain/follow-up.ts';
import { type Action, isInEffect } from '../domain/lifecycle.ts';
import type { ProjectId } from '../domain/project.ts';
import type { ChangedProject, RemainingProject } from '../domain/project-goal.ts';
import type { Refusal } from '../domain/refusal.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { abortOnStopSignal } from './process-io.ts';
import { cliFormatter } from './terminal-text.ts';

const texts = messages.wait;
/** The shortest time between two lines about what remains, ms. */
const statusIntervalMs = 5_000;

/** `--wait-quiet` or `--wait-caught-up`. */
export interface GoalOption {
  readonly goal: FollowGoal;
  /** How long to wait after the operations are done. */
  readonly ms: number;
}

/** Whether a refused action needs no operation: the state of the project already has, or soon has, its effect. */
export function isInEffectAlready(action: Action, refusal: Refusal): boolean {
  return (refusal.code === 'not_allowed' || refusal.code === 'changed') && isInEffect(action, refusal.state);
}

export interface ProjectsToWaitFor {
  readonly wait: GoalOption;
  readonly projects: readonly ProjectId[];
  readonly signal: AbortSignal;
  /** The operations before the wait, in the last line of the output. */
  readonly data: object;
  /** The arguments of `restore` for what was paused. Null if nothing was paused. */
  readonly restore: string | null;
}

/** Waits for projects that need no operation, because their state already has the effect of the action. */
export async function waitWithoutOperation(
  context: CommandContext,
  { wait, action, projects }: Pick<ProjectsToWaitFor, 'wait' | 'projects'> & { readonly action: Action },
): Promise<ExitCode> {
  context.output.note(texts.already(wait.goal, projects));
  context.output.step('already', { action, projects });
  using signal = abortOnStopSignal(context.io.signals);
  // Awaited here: the signal is of this function.
  return await waitForProjects(context, { wait, projects, signal, data: { id: null, action }, restore: null });
}

/** Waits until the projects have reached the goal, and prints what remains until then. */
export async function waitForProjects(context: CommandContext, options: ProjectsToWaitFor): Promise<ExitCode> {
  const { app, output, format } = context;
  const { wait, projects, signal, data, restore } = options;
  const { goal, ms } = wait;
  const { clock } = app.useCaseContext;
  const deadlineAt = clock.monotonicNow() + ms;
  const onStatus = createStatusPrinter(output, goal, () => clock.monotonicNow());
  const result = await waitForGoal(app.useCaseContext, { goal, projects, deadlineAt, signal, onStatus });
  switch (result.kind) {
    case 'reached': {
      const message = texts.reached[goal](projects);
      output.result(message, { ...data, wait: { goal, reached: true }, message });
      return exitCodes.success;
    }
    case 'changed': {
      const changed = { goal, reached: false, changed: result.projects.map(changedJson) };
      const message = texts.changed[goal](result.projects, cliFormatter);
      output.error({ code: 'changed', message, data: { ...data, wait: changed } });
      return exitCodes.changedDuringWait;
    }
    case 'timed_out':
    case 'interrupted': {
      const { last, kind } = result;
      const title = kind === 'timed_out' ? texts.timedOut(goal, ms) : texts.interrupted(goal);
      const message = [
        title,
        ...(last.isStoreAvailable ? [] : [texts.lastKnown]),
        texts.remaining(goal, last.remaining, cliFormatter),
        ...(restore === null ? [] : [texts.restoreWith(format.command(`restore ${restore}`))]),
      ].join('\n');
      output.error({ code: kind, message, data: { ...data, wait: { goal, reached: false, ...statusJson(last) } } });
      return kind === 'timed_out' ? exitCodes.waitTimedOut : exitCodes.failure;
    }
    default:
      return result satisfies never;
  }
}

/** Prints what remains when it has changed, and at once if the bot's Redis stops or begins to answer. */
function createStatusPrinter(output: Output, goal: FollowGoal, now: () => number): (status: WaitStatus) => void {
  let printed = { text: '', at: -Infinity, isStoreAvailable: true };
  return (status) => {
    const { isStoreAvailable, remaining } = status;
    if (isStoreAvailable !== printed.isStoreAvailable) {
      output.note(isStoreAvailable ? texts.redisRecovered : texts.redisUnavailable);
      output.step(isStoreAvailable ? 'redis_recovered' : 'redis_unavailable', {});
      printed = { ...printed, isStoreAvailable };
    }
    if (!isStoreAvailable || remaining === null) return;
    const text = texts.progress[goal](remaining);
    if (text === printed.text || now() < printed.at + statusIntervalMs) return;
    output.note(text);
    output.step('waiting', { goal, ...statusJson(status) });
    printed = { text, at: now(), isStoreAvailable };
  };
}

function statusJson({ isStoreAvailable, remaining }: WaitStatus) {
  return { redisAnswers: isStoreAvailable, remaining: remaining?.map(remainingJson) ?? null };
}

function remainingJson({ project, state, links, backlog, latencyMs }: RemainingProject) {
  const busy = links.map(({ link: { queue, connection, prefix }, active, paused }) => {
    return { queue, connection, prefix, active, paused };
  });
  return { project, state, backlog, latencyMs, links: busy };
}

function changedJson({ project, change }: ChangedProject) {
  return change === null ? { project, state: null, since: null, by: null } : { project, ...change };
}
