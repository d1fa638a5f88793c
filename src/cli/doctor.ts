import { StoreUnavailableError } from '../application/errors.ts';
import { observeProjects } from '../application/queries.ts';
import { diffProjects } from '../domain/diff-projects.ts';
import { allowedAction, desiredLinkState } from '../domain/lifecycle.ts';
import type { LinkObservation, LinkStats, ObservedProject } from '../domain/observation.ts';
import {
  type CheckResult,
  type ConnectionInfo,
  checkBullmqVersion,
  checkEviction,
  checkFailedKept,
  checkQueueExists,
  type Persistence,
  type WorkerCounts,
} from '../domain/precheck.ts';
import { defaultConnection, type Project } from '../domain/project.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { describeDiff } from '../messages/en/definition-changes.ts';
import { doctorMessages as messages } from '../messages/en/doctor.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { checkTable } from './show.ts';

/** `syncbot doctor`: checks Redis, Slack, links and configuration. The exit code is 1 if an item fails. */
export async function doctor(context: CommandContext): Promise<ExitCode> {
  const { app, config, output } = context;
  const [connections, slackItems, projectItems] = await Promise.all([
    app.useCaseContext.links.readConnections([defaultConnection, ...Object.keys(config.connections)]),
    checkSlack(context),
    checkProjects(context),
  ]);
  const items = [...connections.flatMap(checkConnection), ...slackItems, checkPolicy(context), ...projectItems];
  output.result(checkTable(items), items);
  return items.some(({ result }) => result === 'fail') ? exitCodes.failure : exitCodes.success;
}

/** Whether a Redis answers, is new enough, never evicts keys and survives a restart. */
function checkConnection(connection: ConnectionInfo): PrecheckItem[] {
  const isBotRedis = connection.name === defaultConnection;
  const item = isBotRedis ? 'REDIS_URL' : `connection ${connection.name}`;
  if (connection.kind === 'unreachable') return [{ item, result: 'fail', message: messages.redis.unreachable }];
  return [
    { item, result: 'pass', message: messages.redis.answers },
    { item: `${item} version`, ...checkRedisVersion(connection.redisVersion) },
    { item: `${item} eviction`, ...checkEviction(connection.evictionPolicy) },
    { item: `${item} persistence`, ...checkPersistence(connection.persistence, isBotRedis) },
  ];
}

function checkRedisVersion(version: string | null): CheckResult {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version ?? '') ?? [];
  if (version === null || major === undefined) return { result: 'unknown', message: messages.redis.versionUnknown };
  const isSupported = Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 2);
  return isSupported
    ? { result: 'pass', message: messages.redis.version(version) }
    : { result: 'fail', message: messages.redis.versionTooOld(version) };
}

/** The bot's Redis must survive a restart. For a Redis that holds only links, that is the choice of its owner. */
function checkPersistence(persistence: Persistence | null, isBotRedis: boolean): CheckResult {
  switch (persistence) {
    case 'aof':
      return { result: 'pass', message: messages.redis.appendOnlyFile };
    case 'snapshots':
      return { result: 'pass', message: messages.redis.snapshots };
    case 'none':
      return { result: isBotRedis ? 'fail' : 'unknown', message: messages.redis.noPersistence };
    case null:
      return { result: 'unknown', message: messages.redis.persistenceUnknown };
    default:
      return persistence satisfies never;
  }
}

async function checkSlack({ app }: CommandContext): Promise<readonly PrecheckItem[]> {
  return (await app.checkSlack()) ?? [{ item: 'Slack', result: 'unknown', message: messages.slack.noBotToken }];
}

/** An empty list fails only if a bot is configured here. The command line needs no operators. */
function checkPolicy({ config, environment }: CommandContext): PrecheckItem {
  const item = 'policy.operators';
  const operatorCount = config.policy.operators.length;
  if (operatorCount > 0) return { item, result: 'pass', message: messages.operators(operatorCount) };
  const result = environment.secrets.slackBotToken === null ? 'unknown' : 'fail';
  return { item, result, message: messages.noOperators };
}

/** Whether the file is applied, and each link of the stored projects. */
async function checkProjects(context: CommandContext): Promise<PrecheckItem[]> {
  try {
    const { projects } = context.app.useCaseContext;
    const stored = await projects.readMany(await projects.listIds());
    return [checkConfigApplied(context, stored), ...(await checkAllLinks(context, stored))];
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    return [{ item: 'projects', result: 'unknown', message: messages.projectsUnreadable }];
  }
}

function checkConfigApplied({ config, configPath }: CommandContext, projects: readonly Project[]): PrecheckItem {
  const item = `${configPath} applied`;
  const differences = describeDiff(diffProjects(projects, config.projects));
  return differences.length === 0
    ? { item, result: 'pass', message: messages.configApplied }
    : { item, result: 'fail', message: messages.configNotApplied(differences) };
}

async function checkAllLinks({ app }: CommandContext, projects: readonly Project[]): Promise<PrecheckItem[]> {
  const [observed, workerCounts] = await Promise.all([
    observeProjects(app.useCaseContext, projects),
    app.useCaseContext.links.countWorkers(projects.flatMap(({ definition }) => definition.links)),
  ]);
  const remainingCounts = [...workerCounts];
  return observed.flatMap((observedProject) =>
    checkLinks(observedProject, remainingCounts.splice(0, observedProject.stats.links.length)),
  );
}

/** One item for each link: its queue exists, its pause flag fits the state, and workers are connected. */
export function checkLinks({ project, stats }: ObservedProject, workerCounts: WorkerCounts): PrecheckItem[] {
  return stats.links.map((observation, index) => ({
    item: `link ${project.id}/${observation.link.queue}`,
    ...checkLink(project, observation, workerCounts[index] ?? null),
  }));
}

function checkLink(project: Project, observation: LinkObservation, workerCount: number | null): CheckResult {
  if (observation.kind !== 'read') return checkQueueExists(observation);
  const checks = [
    checkPauseFlag(project, observation),
    checkWorkers(project, workerCount),
    checkBullmqVersion(observation),
    checkFailedKept(observation),
  ];
  const worstResult = (['fail', 'unknown'] as const).find((result) => checks.some((check) => check.result === result));
  return { result: worstResult ?? 'pass', message: checks.flatMap(({ message }) => message || []).join('; ') };
}

/** A difference is unknown while a reconcile is due or the state is a transition. Otherwise it is drift. */
function checkPauseFlag(project: Project, { paused }: LinkStats): CheckResult {
  const { id, state, version, syncedVersion } = project;
  const flag = paused ? 'paused' : 'running';
  if (paused === (desiredLinkState(state) === 'paused')) return { result: 'pass', message: messages.link.flag(flag) };
  if (syncedVersion < version || allowedAction(state) === null) {
    return { result: 'unknown', message: messages.link.reconciling(flag) };
  }
  return { result: 'fail', message: messages.link.wrongFlag(flag, id, state) };
}

function checkWorkers({ state }: Project, workerCount: number | null): CheckResult {
  if (workerCount === null) return { result: 'unknown', message: messages.link.workersUnknown };
  return workerCount > 0 || desiredLinkState(state) === 'paused'
    ? { result: 'pass', message: messages.link.workers(workerCount) }
    : { result: 'fail', message: messages.link.noWorker(workerCount) };
}
