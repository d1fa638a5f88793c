import { observeAll } from '../../src/application/observe.ts';
import { sweep } from '../../src/application/sweep.ts';
import { fixRefusedRows } from '../../src/demo/tables.ts';
import { ask, press, somebodyElse } from './asking.ts';
import { attempt, botOf, linkOf, oldOperation, projectOf, proxyOf, type Story } from './so-far.ts';
import type { Step } from './steps.ts';
import type { ModelProject } from './system.ts';

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
      const old = oldOperation(story, step);
      if (old === null) return;
      const by = step.other ? somebodyElse(old.by) : old.by;
      return void (await press(story, botOf(system, step.old), { operation: old, by, cancel: step.cancel }));
    }
    case 'deliver again': {
      const old = oldOperation(story, { old: step.old, left: false });
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
      return proxyOf(system, step.chosen).cutOne(step.cut, step.chosen >> 1);
    case 'delay':
      return proxyOf(system, step.proxy).delay(step.ms);
    case 'outage':
      return proxyOf(system, step.proxy).outage(step.forMs);
    case 'tasks':
      return void (await linkOf(system, step).source.burst(step.count));
    case 'poison':
      return void (await linkOf(system, step).source.poison(String(1 + (step.link % 10))));
    case 'mend':
      return mend(projectOf(system, step.project));
    case 'restart link worker':
      return linkOf(system, step).restartWorker();
    default:
      return step satisfies never;
  }
}

/** Makes room in the targets for the rows that they refused. */
export async function mend({ id, links }: ModelProject): Promise<void> {
  for (const { redis, link } of links) await fixRefusedRows(redis, { project: id, link });
}
