import type { JobType } from 'bullmq';
import type { Redis } from 'ioredis';
import { confirm } from '../../src/application/confirm.ts';
import { requestAction } from '../../src/application/request-action.ts';
import type { Action, OperationKind } from '../../src/domain/lifecycle.ts';
import { waitFor } from '../support/wait-for.ts';
import { findWrongAlerts } from './alert-check.ts';
import { readBatches } from './batch-records.ts';
import { slackChannel } from './bot.ts';
import { slackUsers } from './commands.ts';
import { findWrongHomes } from './home-check.ts';
import { readFlag } from './links.ts';
import { isActiveEnd, passPauseTime, readPausedUntil } from './paused-until.ts';
import type { Fields } from './records.ts';
import type { ReportedRemovals } from './reported-check.ts';
import { repairTargets } from './run-command.ts';
import { shouldPauseLinks } from './state-model.ts';
import type { ModelProject, System } from './system.ts';
import { passWaitTime } from './waiting-pause.ts';

/**
 * Stops all faults and waits until nothing is pending: no operation but open dialogs, no notification, no unreconciled link
 * but those whose flag a person has set, no alert without its cause or cause without its alert, and no message.
 */
export async function quiesce(system: System): Promise<void> {
  for (const proxy of system.proxies) {
    proxy.setDelayMs(0);
    proxy.cancelDrops();
  }
  await system.workers.resumeAndStartAll();
  for (const { optionalLink } of system.projects) await optionalLink?.create();
  await waitUntilNothingIsFound('the configuration', () => findOutdatedProcesses(system));
  await waitUntilNothingIsFound('a batch', () => findPendingBatches(system));
  for (const project of system.projects) await quiesceProject(system, project);
  await settle(system);
}

/** Waits until no message has to be posted or edited, and every Home shows the current state. */
async function settle(system: System): Promise<void> {
  for (const channel of alertDestinations) await system.redis.eval(freePostsScript, 1, `syncbot:alerts:${channel}`);
  await waitUntilNothingIsFound('the alerts', () => findPendingAlerts(system));
  await waitUntilNothingIsFound('Home', () => findWrongHomes(system));
}

/** Where alerts are posted. Those of a project without a channel may go to the person who has changed it. */
export const alertDestinations = [slackChannel, ...slackUsers];

/** Forgets when the last messages were posted, as if a minute had passed. More than a few in a minute wait for the next one. */
const freePostsScript = `
  local text = redis.call('HGET', KEYS[1], 'times')
  if text then redis.call('HSET', KEYS[1], 'times', (text:gsub('"posts":%b[]', '"posts":[]'))) end
`;

async function findPendingAlerts({ redis, bots }: System): Promise<string> {
  const pending: string[] = [];
  for (const channel of alertDestinations) {
    if ((await redis.scard(`syncbot:alerts:${channel}:changed`)) > 0) pending.push(`changed alerts of ${channel}`);
    const stored = await bots[0]?.context.alertGroups.read(channel);
    for (const [id, { isChanged, message, members }] of stored?.alerts.groups ?? []) {
      const isRecorded = [...members.values()].every((member) => member.isRecorded);
      const isFiring = [...members.values()].some(({ resolvedAt }) => resolvedAt === null);
      if (isChanged || !isRecorded || (isFiring && message === null)) pending.push(`${id} of ${channel}`);
    }
  }
  return pending.join();
}

async function quiesceProject(system: System, project: ModelProject): Promise<void> {
  await waitUntilNothingIsFound(project.id, () => findPendingWork(system, project));
}

async function waitUntilNothingIsFound(subject: string, find: () => Promise<string>): Promise<void> {
  let pending = '';
  await waitFor(async () => {
    pending = await find();
    return pending === '';
  }).catch(() => {
    throw new Error(`${subject} has pending work: ${pending}`);
  });
}

/** Every running bot uses the stored configuration. The record of a killed one expires. */
async function findOutdatedProcesses({ redis, bots }: System): Promise<string> {
  const version = Number(await redis.hget('syncbot:configuration', 'version'));
  const processes = (await bots[0]?.context.configurations.listProcesses()) ?? [];
  const outdated = processes.filter(({ configurationVersion }) => configurationVersion !== version);
  return outdated.map((process) => `version ${version} is stored, and ${JSON.stringify(process)}`).join();
}

async function findPendingWork({ redis, bots }: System, project: ModelProject): Promise<string> {
  const { id, onFailure, links } = project;
  const record = await redis.hgetall(`syncbot:{p:${id}}:state`);
  const { state = '', version, activeOperation, reconciledVersion, followedOperation } = record;
  if (await endPauseSoon(redis, id, record)) return 'the timer';
  if (await passWaitTime(redis, id)) return 'a pause that waits';
  if (activeOperation !== '') return `active operation ${activeOperation}`;
  if (reconciledVersion !== version) return `version ${version}, reconciled version ${reconciledVersion}`;
  if (state === 'paused' && followedOperation !== '') return 'tasks in flight';
  const open = (await bots[0]?.context.operations.listOpen(id)) ?? [];
  const unresolved = open.filter((operation) => operation.state !== 'requested');
  if (unresolved.length > 0)
    return `open: ${unresolved.map((operation) => `${operation.id} ${operation.state}`).join(', ')}`;
  const differing = await findDifferingLinks(project, state);
  const [wrong] = differing.filter(({ isByPerson }) => !isByPerson);
  if (wrong !== undefined) return `${state}, and ${wrong.link} is ${wrong.paused ? 'paused' : 'running'}`;
  const [active, allFailed] = await Promise.all([countTasks(links, 'active'), countTasks(links, 'failed')]);
  const skipped = skippedTasksOf(record);
  const ended = await findEndedSkip(links, skipped);
  if (ended !== undefined) return `the skipped task ${ended.taskId} is not failed`;
  const failedTasks = allFailed - skipped.length;
  if (shouldPauseLinks(state) && differing.length === 0 && active > 0) return 'tasks in flight of paused links';
  if (state === 'running' && onFailure === 'pause' && failedTasks > 0) return `${failedTasks} failed tasks`;
  const wrongAlerts = findWrongAlerts({ record, onFailure, differingLinks: differing.length, failedTasks });
  if (wrongAlerts !== '') return wrongAlerts;
  const after = await redis.hget(`syncbot:{p:${id}}:state`, 'version');
  return after === version ? '' : 'its version changes';
}

/** An end that would come during the checks, or whose notice would, comes now. */
const endsSoonMs = 30 * 60_000;

/** Returns whether the timer will act soon. */
async function endPauseSoon(redis: Redis, id: string, { state, pausedUntil }: Fields): Promise<boolean> {
  const end = readPausedUntil(pausedUntil);
  if (state !== 'paused' || !isActiveEnd(end) || end.nextAttemptAt > Date.now() + endsSoonMs) return false;
  await passPauseTime(redis, id, 'end');
  return true;
}

/** A batch is open only while its dialog, or its message after a stopped wave, waits for an answer. */
async function findPendingBatches({ redis, projects }: System): Promise<string> {
  // A link whose flag a person has set may never catch up.
  for (const { id } of projects) await passWaitTime(redis, id);
  const pending: string[] = [];
  for (const { id, state, version, notifiedVersion } of await readBatches(redis)) {
    const isOpen = (await redis.zscore('syncbot:batches', id)) !== null;
    const isWaiting = state === 'requested' || state === 'stopped';
    if (state === 'confirmed' || isOpen !== isWaiting) pending.push(`${id} is ${state}`);
    else if (notifiedVersion !== version) pending.push(`${id} is notified of version ${notifiedVersion} of ${version}`);
  }
  return pending.join();
}

interface SkippedTask {
  readonly link: { readonly queue: string };
  readonly taskId: string;
  readonly at: number;
}

function skippedTasksOf(record: Readonly<Record<string, string>>): SkippedTask[] {
  return Object.entries(record).flatMap(([field, text]) => (field.startsWith('skipped:') ? [JSON.parse(text)] : []));
}

async function findEndedSkip(links: ModelProject['links'], skipped: readonly SkippedTask[]) {
  for (const task of skipped) {
    const link = links.find((each) => each.link === task.link.queue);
    const score = await link?.redis.zscore(`bull:${task.link.queue}:failed`, task.taskId);
    if (Number(score) !== task.at) return task;
  }
  return undefined;
}

async function findDifferingLinks({ links, optionalLink }: ModelProject, state: string) {
  const queues = [...links, ...(optionalLink === null ? [] : [optionalLink])];
  const read = await Promise.all(queues.map(async (queue) => ({ link: queue.link, ...(await readFlag(queue)) })));
  return read.filter(({ paused }) => paused !== shouldPauseLinks(state));
}

async function countTasks(links: ModelProject['links'], ...types: JobType[]): Promise<number> {
  const counts = await Promise.all(links.map(({ queue }) => queue.getJobCounts(...types)));
  return counts.flatMap((count) => Object.values(count)).reduce((sum, count) => sum + count, 0);
}

const actionTowardsRunning: Readonly<Record<string, Action>> = {
  not_started: 'start',
  paused: 'restore',
  failed: 'restore',
};

/**
 * Repairs the targets and brings every project to Running by operations, until all tasks are completed. Returns what the
 * dialogs of the restores reported about removed tasks.
 */
export async function drain(system: System): Promise<ReportedRemovals[]> {
  return (await Promise.all(system.projects.map((project) => drainProject(system, project)))).flat();
}

async function drainProject(system: System, project: ModelProject): Promise<ReportedRemovals[]> {
  const reported: ReportedRemovals[] = [];
  const steps: string[] = [];
  const perform = async (action: OperationKind) => {
    const performed = await performAction(system, project, action);
    steps.push(performed === null ? `${action} refused` : action);
    if (performed !== null && action === 'restore') reported.push(performed);
  };
  for (let attempt = 0; attempt < 20; attempt++) {
    await repairTargets(project);
    await quiesceProject(system, project);
    const record = await system.redis.hgetall(`syncbot:{p:${project.id}}:state`);
    const { state = '' } = record;
    const action = actionTowardsRunning[state];
    if ((await findDifferingLinks(project, state)).length > 0) await perform('reapply');
    // A later task of the same row fails as long as a skipped one is not done.
    else if (skippedTasksOf(record).length > 0) await perform('retry');
    else if (action !== undefined) await perform(action);
    else if ((await waitUntilDrained(project)) === 'failed') await perform('pause');
    else {
      const differences = await Promise.all(project.links.map((link) => link.findDifference()));
      const difference = differences.find((text) => text !== '');
      if (difference !== undefined) throw new Error(difference);
      return reported;
    }
  }
  throw new Error(`${project.id} is not drained: ${steps.join()}`);
}

async function performAction(
  { bots }: System,
  { id }: ModelProject,
  action: OperationKind,
): Promise<ReportedRemovals | null> {
  const bot = bots[0]?.context;
  if (bot === undefined) throw new Error('no bot');
  const request = { project: id, action, by: 'cli:drain', reason: null, origin: 'cli', channel: null } as const;
  const result = await requestAction(bot, request);
  if (result.kind === 'refused') return null;
  const operation = result.operation.id;
  const ref = { project: id, operation };
  await confirm(bot, { ref, by: 'cli:drain', dialog: null });
  await waitFor(async () => (await bot.operations.read(ref))?.finishedAt != null, {
    description: `the ${action} of ${id}`,
  });
  return { project: id, operation, removedTasks: result.removedTasks };
}

/** Waits until every task of a project is completed, or some have failed. */
async function waitUntilDrained({ id, links }: ModelProject): Promise<'drained' | 'failed'> {
  const readProgress = async () => {
    const remaining = await countTasks(links, 'waiting', 'active', 'delayed', 'prioritized');
    if ((await countTasks(links, 'failed')) > 0) return 'failed';
    return remaining === 0 && 'drained';
  };
  return waitFor(readProgress, { description: `the tasks of ${id}` });
}
