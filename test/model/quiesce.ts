import { compareTables } from '../../demo/tables.ts';
import { confirm } from '../../src/application/confirm.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import { waitFor } from '../support/wait-for.ts';
import { repairTargets } from './run-command.ts';
import { shouldPauseLinks } from './state-model.ts';
import type { ModelProject, System } from './system.ts';

/** Stops all faults and waits until nothing is pending: no operation but open dialogs, no notification, no unreconciled link. */
export async function quiesce(system: System): Promise<void> {
  for (const proxy of system.proxies) proxy.setDelayMs(0);
  await system.workers.resumeAndStartAll();
  for (const { optionalLink } of system.projects) await optionalLink?.create();
  for (const project of system.projects) await quiesceProject(system, project);
}

async function quiesceProject(system: System, project: ModelProject): Promise<void> {
  let pending = '';
  await waitFor(async () => {
    pending = await findPendingWork(system, project);
    return pending === '';
  }).catch(() => {
    throw new Error(`${project.id} has pending work: ${pending}`);
  });
}

async function findPendingWork({ redis, bots }: System, { id, links, optionalLink }: ModelProject): Promise<string> {
  const before = await redis.hgetall(`syncbot:{p:${id}}:state`);
  const { state = '', version, activeOperation, reconciledVersion, drainingOperation } = before;
  if (activeOperation !== '') return `active operation ${activeOperation}`;
  if (reconciledVersion !== version) return `version ${version}, reconciled version ${reconciledVersion}`;
  if (drainingOperation !== '') return 'tasks in flight';
  const open = (await bots[0]?.operations.listOpen(id)) ?? [];
  const unresolved = open.filter((operation) => operation.state !== 'requested');
  if (unresolved.length > 0)
    return `open: ${unresolved.map((operation) => `${operation.id} ${operation.state}`).join(', ')}`;
  for (const { redis: linkRedis, link } of links) {
    const paused = (await linkRedis.hexists(`bull:${link}:meta`, 'paused')) === 1;
    if (paused !== shouldPauseLinks(state)) return `${state}, and ${link} is ${paused ? 'paused' : 'running'}`;
  }
  if (optionalLink !== null) {
    const paused = (await links[0]?.redis.hexists(`bull:${optionalLink.link}:meta`, 'paused')) === 1;
    if (paused !== shouldPauseLinks(state))
      return `${state}, and ${optionalLink.link} is ${paused ? 'paused' : 'running'}`;
  }
  const after = await redis.hget(`syncbot:{p:${id}}:state`, 'version');
  return after === version ? '' : 'its version changes';
}

const actionTowardsRunning: Readonly<Record<string, Action>> = {
  not_started: 'start',
  paused: 'restore',
  failed: 'restore',
};

/** Repairs the targets and brings every project to Running by operations, until all tasks are completed. */
export async function drain(system: System): Promise<void> {
  await Promise.all(system.projects.map((project) => drainProject(system, project)));
}

async function drainProject(system: System, project: ModelProject): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    await repairTargets(project);
    await quiesceProject(system, project);
    const state = (await system.redis.hget(`syncbot:{p:${project.id}}:state`, 'state')) ?? '';
    const action = actionTowardsRunning[state];
    if (action !== undefined) await performAction(system, project, action);
    else if ((await waitUntilDrained(project)) === 'drained') return expectTablesEqual(project);
    else await performAction(system, project, 'pause');
  }
  throw new Error(`${project.id} is not drained`);
}

async function performAction({ bots }: System, { id }: ModelProject, action: Action): Promise<void> {
  const [bot] = bots;
  if (bot === undefined) throw new Error('no bot');
  const request = { project: id, action, by: 'cli:drain', reason: null, origin: 'cli', channel: null } as const;
  const result = await requestAction(bot, request);
  if (result.kind === 'refused') return;
  const ref = { project: id, operation: result.operation.id };
  await confirm(bot, { ref, by: 'cli:drain', dialog: null });
  await waitFor(async () => (await bot.operations.read(ref))?.finishedAt != null, {
    description: `the ${action} of ${id}`,
  });
}

/** Waits until every task of a project is completed, or some have failed. */
async function waitUntilDrained(project: ModelProject): Promise<'drained' | 'failed'> {
  const readProgress = async () => {
    const counts = await Promise.all(
      project.links.map(({ queue }) => queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized')),
    );
    const remaining = counts.flatMap((count) => Object.values(count)).reduce((sum, count) => sum + count, 0);
    if ((await countFailedTasks(project)) > 0) return 'failed';
    return remaining === 0 && 'drained';
  };
  return waitFor(readProgress, { description: `the tasks of ${project.id}` });
}

async function countFailedTasks({ links }: ModelProject): Promise<number> {
  const counts = await Promise.all(links.map(({ queue }) => queue.getFailedCount()));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function expectTablesEqual({ id, links }: ModelProject): Promise<void> {
  const tables = await Promise.all(links.map(({ redis, link }) => compareTables(redis, id, [link])));
  const unequal = tables.flat().filter(({ equal }) => !equal);
  if (unequal.length > 0) throw new Error(`${id}: target and source differ: ${JSON.stringify(unequal)}`);
}
