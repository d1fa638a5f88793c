import { StoreRefusedError, StoreUnavailableError } from '../application/errors.ts';
import { readProjectsAndUnreadable } from '../application/list-projects.ts';
import type { ProjectsAndUnreadable } from '../application/project-store.ts';
import { observeProjects, readObservationStatus } from '../application/queries.ts';
import { allowedAction, desiredLinkState } from '../domain/lifecycle.ts';
import { defaultConnection } from '../domain/link.ts';
import { hasQueue, type LinkObservation, type ObservedProject } from '../domain/observation.ts';
import type { ObservationStatus } from '../domain/observation-status.ts';
import {
  checkBullmqVersion,
  checkFailedTasksKept,
  checkQueueExists,
  checkWorkers,
  type WorkerCounts,
  worstResult,
} from '../domain/precheck.ts';
import type { Project } from '../domain/project.ts';
import { findQueuesOfOthers } from '../domain/shared-queues.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckOutcome, CheckText } from '../messages/facts.ts';
import { checkConnection, toOutcome } from './check-connection.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import type { CommandContext } from './command-context.ts';
import type { Output } from './output.ts';
import { programName } from './process-io.ts';
import { configurationDifferences, projectDifferences } from './run.ts';
import { processProblems } from './running-processes.ts';
import { checkTable } from './show.ts';
import { cliFormatter, utcFormatter } from './terminal-text.ts';

const texts = messages.doctor;

/** `syncbot doctor`: checks Redis, Slack, links and configuration. The exit code is 1 if an item fails. */
export async function doctor(context: CommandContext): Promise<ExitCode> {
  const { app, config, output } = context;
  const [connections, slackItems, projectItems] = await Promise.all([
    app.useCaseContext.links.readConnections([defaultConnection, ...Object.keys(config.connections)]),
    checkSlack(context),
    checkProjects(context),
  ]);
  const items = [...connections.flatMap(checkConnection), ...slackItems, checkPolicy(context), ...projectItems];
  const next = nextStep(items, {
    configPath: context.configPath,
    hasBotToken: context.environment.secrets.slackBotToken !== null,
  });
  output.result(`${checkTable(items, output.paint)}\n\n${nextStepText(next, context)}`, items);
  return items.some(({ result }) => result === 'fail') ? exitCodes.failure : exitCodes.success;
}

export type NextStep =
  | { readonly kind: 'set_up_slack' | 'apply' | 'run' | 'list' }
  | { readonly kind: 'fix'; readonly item: string };

/** What the operator does next. A Redis that fails comes first, because the other steps need it. */
export function nextStep(
  items: readonly CheckText[],
  { configPath, hasBotToken }: { readonly configPath: string; readonly hasBotToken: boolean },
): NextStep {
  const resultOf = (item: string) => items.find((one) => one.item === item)?.result;
  const failed = items.find(({ result }) => result === 'fail');
  if (failed?.item === 'REDIS_URL') return { kind: 'fix', item: failed.item };
  if (!hasBotToken) return { kind: 'set_up_slack' };
  if (resultOf(texts.items.configApplied(configPath)) === 'fail') return { kind: 'apply' };
  if (resultOf(texts.items.observer) !== 'pass') return { kind: 'run' };
  return failed === undefined ? { kind: 'list' } : { kind: 'fix', item: failed.item };
}

function nextStepText(next: NextStep, { environment, io }: CommandContext): string {
  switch (next.kind) {
    case 'fix':
      return texts.next.fix(next.item, programName(io));
    case 'list':
      return texts.next.list(environment.command);
    default:
      return texts.next[next.kind](programName(io));
  }
}

async function checkSlack({ app }: CommandContext): Promise<readonly CheckText[]> {
  return (await app.checkSlack()) ?? [{ item: texts.items.slack, result: 'unknown', message: texts.slack.noBotToken }];
}

/** An empty list fails only if a bot is configured here. The command line needs no operators. */
function checkPolicy({ config, environment }: CommandContext): CheckText {
  const item = 'policy.operators';
  const operatorCount = config.policy.operators.length;
  if (operatorCount > 0) return { item, result: 'pass', message: texts.operators(operatorCount) };
  const result = environment.secrets.slackBotToken === null ? 'unknown' : 'fail';
  return { item, result, message: texts.noOperators };
}

/** Whether the file is applied, whether a worker observes the links, and each link of the stored projects. */
async function checkProjects(context: CommandContext): Promise<CheckText[]> {
  try {
    const { useCaseContext } = context.app;
    const read = await readProjectsAndUnreadable(useCaseContext);
    const stored = read.projects;
    return [
      ...checkReadable(read),
      await checkConfigApplied(context, read),
      ...(await checkProcesses(context)),
      checkObservation(await readObservationStatus(useCaseContext), context.output),
      ...(await checkOtherSyncbots(context, stored)),
      ...(await checkAllLinks(context, stored)),
    ];
  } catch (error) {
    const isRefused = error instanceof StoreRefusedError;
    if (!isRefused && !(error instanceof StoreUnavailableError)) throw error;
    const fault = error.fault === null ? null : messages.connectionFault(error.fault, cliFormatter);
    const result = isRefused ? 'fail' : 'unknown';
    return [{ item: texts.items.projects, result, message: texts.projectsUnreadable(fault) }];
  }
}

/** No item if each project can be read. */
function checkReadable({ unreadable }: ProjectsAndUnreadable): CheckText[] {
  if (unreadable.length === 0) return [];
  return [{ item: texts.items.projects, result: 'fail', message: texts.unreadableProjects(unreadable) }];
}

async function checkConfigApplied(context: CommandContext, stored: ProjectsAndUnreadable): Promise<CheckText> {
  const { config, configPath } = context;
  const item = texts.items.configApplied(configPath);
  const differences = [...projectDifferences(config, stored), ...(await configurationDifferences(context))];
  return differences.length === 0
    ? { item, result: 'pass', message: texts.configApplied }
    : { item, result: 'fail', message: texts.configNotApplied(differences) };
}

/** Whether the running processes use what is stored. No item if none runs, or if nothing is stored. */
async function checkProcesses({ app }: CommandContext): Promise<CheckText[]> {
  const { configurations } = app.useCaseContext;
  const [stored, processes] = await Promise.all([configurations.read(), configurations.listProcesses()]);
  if (stored.kind !== 'read' || processes.length === 0) return [];
  const item = texts.items.processes;
  const problems = processProblems(processes, stored.version);
  if (problems.length > 0) return [{ item, result: 'fail', message: problems.join('; ') }];
  return [{ item, result: 'pass', message: messages.configuration.current(processes.length) }];
}

/** Unknown before the first cycle: the first `doctor` may run before the first worker. */
function checkObservation(status: ObservationStatus, { format }: Pick<Output, 'format'>): CheckText {
  const item = texts.items.observer;
  if (status.kind !== 'not_observed') return { item, result: 'pass', message: texts.observed };
  const message = messages.observation.warning(status.since, format === 'text' ? cliFormatter : utcFormatter);
  return { item, result: status.since === null ? 'unknown' : 'fail', message };
}

/** The other syncbots on the bot's Redis. */
async function checkOtherSyncbots({ app, config }: CommandContext, projects: readonly Project[]): Promise<CheckText[]> {
  const { installations, links } = app.useCaseContext;
  const others = await installations.listOthers();
  if (others.length === 0) return [];
  const connections = await links.readConnections([defaultConnection, ...Object.keys(config.connections)]);
  return others.map((other) => {
    const item = texts.items.otherSyncbot(other.prefix);
    if (other.projects === null) return { item, result: 'unknown', message: texts.otherSyncbot.unreadable };
    const shared = findQueuesOfOthers(projects, [other], connections);
    if (shared.length > 0)
      return { item, result: 'fail', message: texts.otherSyncbot.sharesQueues(shared.map(({ link }) => link.queue)) };
    return other.unreadableProjects > 0
      ? { item, result: 'unknown', message: texts.otherSyncbot.partlyReadable(other.unreadableProjects) }
      : { item, result: 'pass', message: texts.otherSyncbot.readable(other.projects.length) };
  });
}

async function checkAllLinks({ app }: CommandContext, projects: readonly Project[]): Promise<CheckText[]> {
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
export function checkLinks({ project, stats }: ObservedProject, workerCounts: WorkerCounts): CheckText[] {
  return stats.links.map((observation, index) => ({
    item: texts.items.link(project.id, observation.link.queue),
    ...checkLink(project, observation, workerCounts[index] ?? null),
  }));
}

function checkLink(project: Project, observation: LinkObservation, workerCount: number | null): CheckOutcome {
  if (!hasQueue(observation)) return toOutcome(checkQueueExists(observation));
  const kept = checkFailedTasksKept(observation);
  const outcomes = [
    checkPauseFlag(project, observation),
    checkProjectWorkers(project, workerCount),
    toOutcome(checkBullmqVersion(observation)),
    ...(kept.result === 'pass' ? [] : [toOutcome(kept)]),
  ];
  return { result: worstResult(outcomes), message: outcomes.map(({ message }) => message).join('; ') };
}

/** A difference is unknown while a reconcile is due or the state is a transition. Otherwise it is drift. */
function checkPauseFlag(project: Project, { paused }: { readonly paused: boolean }): CheckOutcome {
  const { id, state, version, reconciledVersion } = project;
  const flag = paused ? 'paused' : 'running';
  if (paused === (desiredLinkState(state) === 'paused')) return { result: 'pass', message: texts.link.flag(flag) };
  if (reconciledVersion < version || allowedAction(state) === null) {
    return { result: 'unknown', message: texts.link.reconciling(flag) };
  }
  return { result: 'fail', message: texts.link.wrongFlag(flag, id, state) };
}

/** Links that should be paused need no worker. */
function checkProjectWorkers({ state }: Project, count: number | null): CheckOutcome {
  const isNeeded = desiredLinkState(state) === 'resumed';
  const noneNeeded = { result: 'pass', reason: { code: 'workers_connected', count: 0 } } as const;
  return toOutcome(count === 0 && !isNeeded ? noneNeeded : checkWorkers(count));
}
