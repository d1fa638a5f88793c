import { requestAction } from '../../src/application/request.ts';
import { confirm } from '../../src/application/settle.ts';
import { compareTables } from '../../src/demo/tables.ts';
import type { Action } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import { isHeldStill } from './model.ts';
import { mend } from './perform.ts';
import type { ModelProject, System } from './system.ts';

const patienceMs = 60_000;

/** No more faults, and everything comes to rest: nothing open but dialogs, nothing untold, every link as wanted. */
export async function rest(system: System): Promise<void> {
  for (const proxy of system.proxies) proxy.delay(0);
  await system.workers.heal();
  for (const project of system.projects) await restOf(system, project);
}

async function restOf(system: System, project: ModelProject): Promise<void> {
  let seen = '';
  await waitFor(
    async () => {
      seen = await unrest(system, project);
      return seen === '';
    },
    { timeoutMs: patienceMs },
  ).catch(() => {
    throw new Error(`${project.id} does not come to rest: ${seen}`);
  });
}

async function unrest({ redis, bots }: System, { id, links }: ModelProject): Promise<string> {
  const before = await redis.hgetall(`syncbot:{p:${id}}:state`);
  const { state = '', version, holder, convergedVersion, draining } = before;
  if (holder !== '') return `held by ${holder}`;
  if (convergedVersion !== version) return `at version ${version}, converged at ${convergedVersion}`;
  if (draining !== '') return 'draining';
  const open = (await bots[0]?.store.openOperations(id)) ?? [];
  const left = open.filter((operation) => operation.state !== 'requested');
  if (left.length > 0) return `open: ${left.map((operation) => `${operation.id} ${operation.state}`).join(', ')}`;
  for (const { redis: own, link } of links) {
    const paused = (await own.hexists(`bull:${link}:meta`, 'paused')) === 1;
    if (paused !== isHeldStill(state)) return `${state}, and ${link} is ${paused ? 'paused' : 'running'}`;
  }
  const after = await redis.hget(`syncbot:{p:${id}}:state`, 'version');
  return after === version ? '' : 'moving';
}

const homeward: Readonly<Record<string, Action>> = { not_started: 'start', paused: 'restore', failed: 'restore' };

/** Mends the targets and brings every project to Running by the road that people take, until all tasks have arrived. */
export async function bringHome(system: System): Promise<void> {
  await Promise.all(system.projects.map((project) => bringProjectHome(system, project)));
}

async function bringProjectHome(system: System, project: ModelProject): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await mend(project);
    await restOf(system, project);
    const state = (await system.redis.hget(`syncbot:{p:${project.id}}:state`, 'state')) ?? '';
    const action = homeward[state];
    if (action !== undefined) await act(system, project, action);
    else if (await drained(project)) return expectEqual(project);
    else if ((await failedTasks(project)) > 0) await act(system, project, 'pause');
  }
  throw new Error(`${project.id} does not come home`);
}

async function act({ bots }: System, { id }: ModelProject, action: Action): Promise<void> {
  const [bot] = bots;
  if (bot === undefined) throw new Error('no bot');
  const asked = { project: id, action, by: 'cli:home', reason: null, origin: 'cli', channel: null } as const;
  const requested = await requestAction(bot, asked);
  if (requested.kind === 'refused') return;
  const ref = { project: id, operation: requested.operation.id };
  await confirm(bot, { ref, by: 'cli:home', dialog: null });
  await waitFor(async () => (await bot.store.readOperation(ref))?.finishedAt != null, {
    describe: `the ${action} of ${id}`,
    timeoutMs: patienceMs,
  });
}

/** Waits until no task of a project is on its way; false when some have failed instead. */
async function drained(project: ModelProject): Promise<boolean> {
  const look = async () => {
    const counts = await Promise.all(
      project.links.map(({ queue }) => queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized')),
    );
    const moving = counts.flatMap((count) => Object.values(count)).reduce((sum, count) => sum + count, 0);
    if ((await failedTasks(project)) > 0) return 'failed';
    return moving === 0 && 'drained';
  };
  return (await waitFor(look, { describe: `the tasks of ${project.id}`, timeoutMs: patienceMs })) === 'drained';
}

async function failedTasks({ links }: ModelProject): Promise<number> {
  const counts = await Promise.all(links.map(({ queue }) => queue.getFailedCount()));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function expectEqual({ id, links }: ModelProject): Promise<void> {
  const tables = await Promise.all(links.map(({ redis, link }) => compareTables(redis, id, [link])));
  const unequal = tables.flat().filter(({ equal }) => !equal);
  if (unequal.length > 0) throw new Error(`${id}: target and source differ: ${JSON.stringify(unequal)}`);
}
