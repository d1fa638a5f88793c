import { setTimeout as delay } from 'node:timers/promises';
import { applyPlan } from '../../src/application/apply-plan.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import { runObserver } from '../../src/application/observer.ts';
import { isEmpty, planApply } from '../../src/application/plan.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import { refOf } from '../../src/domain/operation.ts';
import type { FaultSpec } from '../fake-slack/fault-injection.ts';
import { performBatch, pressBatchButton } from './batches.ts';
import type { ApplyPolicy, ChangeFlags, Command, SlackFault } from './commands.ts';
import { passDigestHour } from './digest-check.ts';
import { changeFlag } from './links.ts';
import { isActiveEnd, passPauseTime, readPausedUntil } from './paused-until.ts';
import { changePauseEnd } from './pauses.ts';
import { openHome, pressAlertButton, pressButton, pressKeepPaused, sendRequest } from './requests.ts';
import { runForm } from './run-form.ts';
import { shouldPauseLinks } from './state-model.ts';
import { increment } from './stats.ts';
import { configurationWith, type ModelProject, type System } from './system.ts';
import { botOf, linkOf, type ModelRun, pickOperation, projectOf, proxyOf, recordErrors } from './trace.ts';
import { otherUser, performRequest, pickAction } from './users.ts';
import { passWaitTime } from './waiting-pause.ts';
import { decideWait, pickWaitingProject } from './waits.ts';

/** Runs one command. Never throws: errors are in `trace.errors`. */
export async function runCommand(run: ModelRun, command: Command): Promise<void> {
  await recordErrors(run, () => dispatch(run, command));
}

async function dispatch(run: ModelRun, command: Command): Promise<void> {
  const { system } = run;
  const { faults } = run.trace;
  switch (command.kind) {
    case 'request':
      return performRequest(run, command);
    case 'press_old_button': {
      const operation = pickOperation(run, command);
      if (operation === null) return;
      const by = command.byOtherUser ? otherUser(operation.by) : operation.by;
      const press = { operation, by, isCancel: command.cancel };
      return pressButton(run, botOf(system, command.operationIndex), press);
    }
    case 'change_flags':
      return changeFlags(run, command);
    case 'apply_policy':
      increment(faults, command.kind);
      return applyPolicy(run, command);
    case 'request_batch':
      return performBatch(run, command);
    case 'press_batch_button':
      return pressBatchButton(run, command);
    case 'extend_pause':
    case 'press_extend':
    case 'keep_beyond_end':
      return changePauseEnd(run, botOf(system, command.bot), {
        kind: command.kind,
        project: await pickTimedProject(system, command.project),
        by: command.by,
      });
    case 'pass_pause_time': {
      const { id } = await pickTimedProject(system, command.project);
      if (await passPauseTime(system.redis, id, command.until)) increment(faults, `pause_${command.until}_passed`);
      return;
    }
    case 'decide_wait':
      return decideWait(run, command);
    case 'pass_wait_time': {
      const { id } = await pickWaitingProject(system, command.project);
      if (await passWaitTime(system.redis, id)) increment(faults, 'wait_time_passed');
      return;
    }
    case 'keep_paused':
      return pressKeepPaused(run, botOf(system, command.bot), {
        project: projectOf(system, command.project),
        by: command.by,
      });
    case 'press_alert':
      return pressAlertButton(run, botOf(system, command.bot), {
        project: projectOf(system, command.project),
        by: command.by,
        press: command.press,
      });
    case 'open_home':
      return openHome(run, botOf(system, command.bot), command.by);
    case 'run_form': {
      const bot = botOf(system, command.bot);
      return runForm(run, bot, { ...command, project: projectOf(system, command.project) });
    }
    case 'pass_digest_hour':
      if (await passDigestHour(system.redis, system.digest)) increment(faults, command.kind);
      return;
    case 'slack_fault':
      increment(faults, `slack_${command.fault}`);
      return void system.slack.injectFault(slackFaultSpecs[command.fault]);
    case 'redeliver_job': {
      const operation = pickOperation(run, { operationIndex: command.operationIndex, preferOpen: false });
      if (operation === null) return;
      const job = refOf(operation);
      await botOf(system, command.operationIndex).context.jobs.execute(job);
      return void (await system.actions.add('execute', job, { removeOnComplete: true, removeOnFail: true }));
    }
    case 'sweep_at_both_bots':
      return void (await Promise.all(system.bots.map((bot) => recordErrors(run, () => sweep(bot.context)))));
    case 'observe':
      return runObserver(botOf(system, command.bot).context);
    case 'reconcile':
      return botOf(system, command.project).context.jobs.reconcile(projectOf(system, command.project).id);
    case 'kill_worker':
      return system.workers.kill(command.worker);
    case 'kill_bot':
      increment(faults, command.kind);
      return system.killBot(command.bot);
    case 'break_worker':
      increment(faults, `worker_${command.fault}`);
      return system.workers.break(command.worker, command.fault);
    case 'suspend_worker':
      return system.workers.suspend(command.worker, command.durationMs);
    case 'start_worker':
      return system.workers.start(command.worker);
    case 'drop_connection':
      return proxyOf(system, command.connectionIndex).dropOneConnection(command.lost, command.connectionIndex >> 1);
    case 'delay_proxy':
      return proxyOf(system, command.proxy).setDelayMs(command.delayMs);
    case 'outage':
      increment(faults, command.kind);
      return proxyOf(system, command.proxy).goDownFor(command.durationMs);
    case 'deliver_late': {
      const proxy = proxyOf(system, command.connectionIndex);
      if (command.setsFlags) return proxy.deliverLateWith(flagCommandText, command.delayMs);
      return proxy.deliverLate(command.connectionIndex >> 1, command.delayMs);
    }
    case 'outage_at_flags':
      increment(faults, command.kind);
      return system.proxies[1].goDownAt(flagCommandText, command.durationMs);
    case 'long_outage':
      return longOutage(run, command.proxy);
    case 'delete_queue':
    case 'create_queue':
      return changeQueues(run, command.kind);
    case 'add_tasks':
      return void (await linkOf(system, command).addTasks(command.count));
    case 'add_failing_tasks':
      return void (await linkOf(system, command).addFailingTasks(command.link));
    case 'repair_targets':
      return repairTargets(projectOf(system, command.project));
    case 'restart_link_worker':
      return linkOf(system, command).restartWorker();
    default:
      return command satisfies never;
  }
}

/** Prefers a project whose pause has an end. */
async function pickTimedProject(system: System, index: number): Promise<ModelProject> {
  const { redis, projects } = system;
  const ends = await Promise.all(projects.map(({ id }) => redis.hget(`syncbot:{p:${id}}:state`, 'pausedUntil')));
  const timed = projects.filter((_project, position) => isActiveEnd(readPausedUntil(ends[position])));
  return timed[index % Math.max(1, timed.length)] ?? projectOf(system, index);
}

/** The calls that write. Those with which a bot starts have no arguments. */
const writes = { method: '*', matchesArgs: (args: object) => Object.keys(args).length > 0 };
/** A lost reply to a new message is no fault of the model: the bot cannot find out whether Slack has posted it. */
const slackFaultSpecs: Readonly<Record<SlackFault, FaultSpec>> = {
  rate_limited: { ...writes, retryAfter: 1 },
  server_error: { ...writes, status: 503 },
  refused_connection: { ...writes, dropRequest: true },
  lost_reply: { method: 'chat.update', dropReply: true },
};

/** In the arguments of set-paused.lua, and of no other script. */
const flagCommandText = '"desired"';

/** A state in which the links may be started again by a restore, whatever fails on them. */
const startedStates: readonly string[] = ['running', 'pausing', 'paused', 'restoring', 'failed'];

async function changeFlags(run: ModelRun, { project: index, link, all, correction, by }: ChangeFlags): Promise<void> {
  const { system, trace } = run;
  const project = projectOf(system, index);
  const state = (await system.redis.hget(`syncbot:{p:${project.id}}:state`, 'state')) ?? '';
  if (!startedStates.includes(state)) return;
  const { links, optionalLink } = project;
  const queues = [...links, ...(optionalLink === null ? [] : [optionalLink])];
  const flag = shouldPauseLinks(state) ? 'resumed' : 'paused';
  for (const queue of all ? queues : [linkOf(system, { project: index, link })]) {
    if (await changeFlag(queue, flag)) increment(trace.faults, `${flag}_by_person`);
  }
  if (correction === null) return;
  await performRequest(run, {
    kind: 'request',
    project: index,
    action: correction,
    duration: null,
    whenCaughtUp: false,
    by,
    bot: link,
    isDeliveredTwice: false,
    confirmation: 'ok',
    waitForOutcome: true,
  });
}

/** A user requests something, the policy changes, and the user presses OK, or requests it again. */
async function applyPolicy(
  run: ModelRun,
  { operators, by, project: index, bot: botIndex }: ApplyPolicy,
): Promise<void> {
  const { system } = run;
  const project = projectOf(system, index);
  const [bot, otherBot] = [botOf(system, botIndex), botOf(system, botIndex + 1)];
  const request = { project, action: await pickAction(system, project.id, false), by };
  const operation = await sendRequest(run, [bot], request);
  const configuration = configurationWith(operators, system.digest);
  await recordErrors(run, () => apply(bot.context, configuration));
  if (operation === null) await sendRequest(run, [otherBot], request);
  else await pressButton(run, otherBot, { operation, by, isCancel: false });
}

/** Applies a file with this configuration and the same projects. */
async function apply(context: UseCaseContext, configuration: Configuration): Promise<void> {
  const stored = await context.projects.readMany(await context.projects.listIds());
  const projects = stored.map(({ definition }) => ({ definition, adopt: false }));
  const planned = await planApply(context, { projects, configuration });
  if (planned.kind === 'refused') throw new Error(`apply refused: ${JSON.stringify(planned.refusals)}`);
  if (!isEmpty(planned.plan)) await applyPlan(context, { plan: planned.plan, by: 'cli:alice' });
}

const outageMs = 2_500;
const movedMs = 130_000;

/** Moves the start of a running operation, or the limit of a confirmed one, so that its two minutes are over. */
const moveTimeScript = `
  local state = redis.call('HGET', KEYS[1], 'state')
  local field = state == 'running' and 'startedAt' or state == 'confirmed' and 'executeBy' or nil
  -- A pause that waits until its project has caught up has no limit yet.
  if field and redis.call('HGET', KEYS[1], field) ~= '' then redis.call('HINCRBY', KEYS[1], field, ARGV[1]) end
  return state or ''
`;

/** An outage of a Redis. After a moment the operations that wait are over two minutes old. */
async function longOutage({ system, trace }: ModelRun, proxy: number): Promise<void> {
  increment(trace.faults, 'long_outage');
  proxyOf(system, proxy).goDownFor(outageMs);
  await delay(outageMs / 4);
  for (const { id } of system.projects) {
    const key = `syncbot:{p:${id}}`;
    for (const operation of await system.redis.zrange(`${key}:open`, 0, '-1')) {
      const state = await system.redis.eval(moveTimeScript, 1, `${key}:op:${operation}`, -movedMs);
      if (state === 'running' || state === 'confirmed') increment(trace.faults, `${state}_operation_aged`);
    }
  }
}

async function changeQueues({ system, trace }: ModelRun, kind: 'delete_queue' | 'create_queue'): Promise<void> {
  for (const { optionalLink } of system.projects) {
    const isChanged = await (kind === 'delete_queue' ? optionalLink?.delete() : optionalLink?.create());
    if (isChanged === true) increment(trace.faults, kind);
  }
}

/** From now on the tasks succeed that were added before. */
export async function repairTargets({ links }: ModelProject): Promise<void> {
  for (const link of links) await link.repair();
}
