import { setTimeout as delay } from 'node:timers/promises';
import { fixRefusedRows } from '../../demo/tables.ts';
import { runObserver } from '../../src/application/observer.ts';
import { sweep } from '../../src/application/sweep.ts';
import { refOf } from '../../src/domain/operation.ts';
import type { Command } from './commands.ts';
import { increment } from './stats.ts';
import type { ModelProject } from './system.ts';
import { botOf, linkOf, type ModelRun, pickOperation, projectOf, proxyOf, recordErrors } from './trace.ts';
import { otherUser, performRequest, pressButton } from './users.ts';

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
      return void (await pressButton(run, botOf(system, command.operationIndex), {
        operation,
        by,
        isCancel: command.cancel,
      }));
    }
    case 'redeliver_job': {
      const operation = pickOperation(run, { operationIndex: command.operationIndex, preferOpen: false });
      if (operation === null) return;
      const job = refOf(operation);
      await botOf(system, command.operationIndex).jobs.execute(job);
      return void (await system.actions.add('execute', job, { removeOnComplete: true, removeOnFail: true }));
    }
    case 'sweep_at_both_bots':
      return void (await Promise.all(system.bots.map((bot) => recordErrors(run, () => sweep(bot)))));
    case 'observe':
      return runObserver(botOf(system, command.bot));
    case 'reconcile':
      return botOf(system, command.project).jobs.reconcile(projectOf(system, command.project).id);
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
    case 'deliver_late':
      return proxyOf(system, command.connectionIndex).deliverLate(command.connectionIndex >> 1, command.delayMs);
    case 'long_outage':
      return longOutage(run, command.proxy);
    case 'delete_queue':
    case 'create_queue':
      return changeQueues(run, command.kind);
    case 'add_tasks':
      return void (await linkOf(system, command).source.burst(command.count));
    case 'break_row':
      return void (await linkOf(system, command).source.breakRow(String(1 + (command.link % 10))));
    case 'repair_targets':
      return repairTargets(projectOf(system, command.project));
    case 'restart_link_worker':
      return linkOf(system, command).restartWorker();
    default:
      return command satisfies never;
  }
}

const outageMs = 2_500;
const movedMs = 130_000;

/** Moves the start of a running operation, or the limit of a confirmed one, so that its two minutes are over. */
const moveTimeScript = `
  local state = redis.call('HGET', KEYS[1], 'state')
  local field = state == 'running' and 'startedAt' or state == 'confirmed' and 'executeBy' or nil
  if field then redis.call('HINCRBY', KEYS[1], field, ARGV[1]) end
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

/** Fixes the rows that the targets refused. */
export async function repairTargets({ id, links }: ModelProject): Promise<void> {
  for (const { redis, link } of links) await fixRefusedRows(redis, { project: id, link });
}
