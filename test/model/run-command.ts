import { fixRefusedRows } from '../../demo/tables.ts';
import { observeAll } from '../../src/application/observe.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { Command } from './commands.ts';
import type { ModelProject } from './system.ts';
import { botOf, linkOf, type ModelRun, pickOperation, projectOf, proxyOf, recordErrors } from './trace.ts';
import { otherUser, performRequest, pressButton } from './users.ts';

/** Carries out one command. Never throws: what goes wrong stands in `observed.faults`. */
export async function runCommand(run: ModelRun, command: Command): Promise<void> {
  await recordErrors(run, () => dispatch(run, command));
}

async function dispatch(run: ModelRun, command: Command): Promise<void> {
  const { system } = run;
  switch (command.kind) {
    case 'ask':
      return performRequest(run, command);
    case 'press an old button': {
      const old = pickOperation(run, command);
      if (old === null) return;
      const by = command.byOtherUser ? otherUser(old.by) : old.by;
      return void (await pressButton(run, botOf(system, command.operationIndex), {
        operation: old,
        by,
        isCancel: command.cancel,
      }));
    }
    case 'deliver again': {
      const old = pickOperation(run, { operationIndex: command.operationIndex, preferOpen: false });
      if (old === null) return;
      const job = { project: old.project, operation: old.id };
      await botOf(system, command.operationIndex).jobs.execute(job);
      return void (await system.actions.add('execute', job, { removeOnComplete: true, removeOnFail: true }));
    }
    case 'sweep at both bots':
      return void (await Promise.all(system.bots.map((bot) => recordErrors(run, () => sweep(bot)))));
    case 'observe':
      return observeAll(botOf(system, command.bot));
    case 're-apply':
      return botOf(system, command.project).jobs.reconcile(projectOf(system, command.project).id);
    case 'kill':
      return system.workers.kill(command.worker);
    case 'stop':
      return system.workers.suspend(command.worker, command.durationMs);
    case 'start':
      return system.workers.start(command.worker);
    case 'cut':
      return proxyOf(system, command.connectionIndex).dropOneConnection(command.cut, command.connectionIndex >> 1);
    case 'delay':
      return proxyOf(system, command.proxy).setDelayMs(command.delayMs);
    case 'outage':
      return proxyOf(system, command.proxy).goDownFor(command.durationMs);
    case 'tasks':
      return void (await linkOf(system, command).source.burst(command.count));
    case 'poison':
      return void (await linkOf(system, command).source.breakRow(String(1 + (command.link % 10))));
    case 'mend':
      return repairTargets(projectOf(system, command.project));
    case 'restart link worker':
      return linkOf(system, command).restartWorker();
    default:
      return command satisfies never;
  }
}

/** Makes room in the targets for the rows that they refused. */
export async function repairTargets({ id, links }: ModelProject): Promise<void> {
  for (const { redis, link } of links) await fixRefusedRows(redis, { project: id, link });
}
