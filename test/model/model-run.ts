import { assert as assertAll, asyncProperty } from 'fast-check';
import { precheckProject } from '../../src/application/queries.ts';
import { readBatches } from './batch-records.ts';
import { type Command, commandSequence } from './commands.ts';
import { findWrongDigests } from './digest-check.ts';
import { type ReplayResult, replay } from './history-check.ts';
import { findWrongFailures, findWrongOutcomes, replayLinkEvents } from './link-check.ts';
import { secret } from './links.ts';
import { drain, quiesce } from './quiesce.ts';
import { isTaskFailure, type ProjectRecords, readRecords, readValue } from './records.ts';
import { findWrongNumbers, type ReportedRemovals } from './reported-check.ts';
import { findWrongResponses } from './response-check.ts';
import { runCommand } from './run-command.ts';
import { findUntrueMessages } from './settled-check.ts';
import { increment, type ModelStats } from './stats.ts';
import { createSystem, type System } from './system.ts';
import type { Trace } from './trace.ts';
import { waitEnds } from './wait-replay.ts';

/** Users that act at once. Each runs every n-th command, in order. */
const userCount = 8;

export interface ModelRunOptions {
  /** The build that the workers run. */
  readonly folder: string;
  readonly stats: ModelStats;
  /** Called after each run. */
  readonly onRunFinished?: () => void;
}

/** Runs the commands and their faults, waits until nothing is pending, and checks the invariants. Throws all violations. */
export async function runModel(
  commands: readonly Command[],
  { folder, stats, onRunFinished = () => {} }: ModelRunOptions,
): Promise<void> {
  await using system = await createSystem(folder);
  const trace: Trace = {
    requests: [],
    presses: [],
    cliRuns: [],
    keeps: [],
    alertPresses: [],
    batchRequests: [],
    batchPresses: [],
    endChanges: [],
    waitPresses: [],
    openConfirmations: [],
    errors: [],
    faults: new Map(),
    unknownResults: 0,
  };
  await Promise.all(
    Array.from({ length: userCount }, async (_user, userIndex) => {
      for (let index = userIndex; index < commands.length; index += userCount) {
        const command = commands[index];
        if (command !== undefined) await runCommand({ system, trace }, command);
      }
    }),
  );
  await quiesce(system);
  const wrongPrechecks = await findWrongPrechecks(system);
  const untrueMessages = await findUntrueMessages(system);
  const exact = await drain(system);
  await quiesce(system);
  const violations = [
    ...trace.errors,
    ...wrongPrechecks,
    ...untrueMessages,
    ...(await findUntrueMessages(system)),
    ...findWrongDigests(system, trace.faults.get('pass_digest_hour') ?? 0),
    ...system.workers.unexpectedExits(),
    ...(await findViolations(system, { trace, stats, exact })),
    ...(await findLeaks(system)),
  ];
  stats.commands += commands.length;
  stats.runs += 1;
  stats.kills += system.workers.kills;
  stats.suspensions += system.workers.suspensions;
  for (const { droppedConnections: cuts } of system.proxies) stats.connectionCuts += cuts;
  for (const { lateRequests } of system.proxies) increment(trace.faults, 'request_delivered_late', lateRequests);
  for (const [fault, count] of trace.faults) increment(stats.faults, fault, count);
  stats.unknownResults += trace.unknownResults;
  onRunFinished();
  if (violations.length > 0) throw new Error(`Violated invariants:\n${violations.join('\n')}`);
}

async function findViolations(
  system: System,
  { trace, stats, exact }: { trace: Trace; stats: ModelStats; exact: readonly ReportedRemovals[] },
): Promise<string[]> {
  const histories = new Map<string, ReplayResult & { readonly records: ProjectRecords }>();
  const violations: string[] = [];
  for (const { id, initialState, onFailure, links, optionalLink } of system.projects) {
    const records = await readRecords(system.redis, id);
    const replayed = replay(records, {
      initialState,
      links: links.length + (optionalLink === null ? 0 : 1),
      optionalLink: optionalLink?.link ?? null,
    });
    histories.set(id, { ...replayed, records });
    const linkHistories = await Promise.all(links.map(replayLinkEvents));
    const wrongOutcomes = findWrongOutcomes(replayed.versions, linkHistories);
    violations.push(...replayed.violations, ...linkHistories.flatMap((link) => link.violations));
    violations.push(...wrongOutcomes.map((violation) => `${id}: ${JSON.stringify(violation)}`));
    violations.push(...findAbandonedExecutions(system, records));
    const failures = findWrongFailures(records.audit, linkHistories);
    violations.push(...failures.map((violation) => `${id}: ${violation}`));
    const { versions } = replayed;
    violations.push(...findWrongNumbers({ records, versions, links: linkHistories, exact }));
    if (onFailure === 'continue' && records.audit.some(isTaskFailure))
      violations.push(`${id}: a failed task made it Failed although onFailure is continue`);
    for (const state of replayed.operationStates.values()) increment(stats.operations, state);
    for (const { event, fields } of records.audit) if (event === 'done') increment(stats.done, fields['action'] ?? '');
    for (const [operation, { origin }] of records.operations)
      if (origin === 'timer') increment(stats.pauseEnds, `restore ${replayed.operationStates.get(operation)}`);
    for (const { event } of records.audit)
      if (['kept_paused', 'pause_extended', 'timer_stopped'].includes(event)) increment(stats.pauseEnds, event);
    for (const end of waitEnds(records)) increment(stats.waits, end);
    const refusals = records.audit.filter(({ event }) => event === 'refused');
    for (const { fields } of refusals) increment(stats.refusals, fields['code'] ?? '');
    stats.transitions += replayed.versions.length - 1;
    for (const { taskCount, retries, removed } of linkHistories) {
      stats.tasks += taskCount;
      stats.retriedTasks += retries.length;
      stats.removedTasks += removed.length;
    }
  }
  for (const { action, state, after } of await readBatches(system.redis))
    increment(stats.batches, `${action}${after === '' ? '' : ' after another'} ${state}`);
  return [...violations, ...findWrongResponses(trace, histories)];
}

/** The precheck of a project names the bound of `removeOnFail` if a link has one and a task shows it. */
async function findWrongPrechecks({ bots, projects }: System): Promise<string[]> {
  const context = bots[0]?.context;
  const violations: string[] = [];
  for (const { id, links } of projects) {
    const project = await context?.projects.read(id);
    if (context === undefined || project == null) throw new Error(`${id} is not there`);
    const { items } = await precheckProject(context, project);
    const reported = items.find(({ check }) => check === 'failed_tasks_kept')?.reason ?? null;
    const bounded = links.find(({ keptFailures }) => keptFailures !== null);
    const counts = await bounded?.queue.getJobCounts('waiting', 'failed');
    const isShown = Object.values(counts ?? {}).some((count) => count > 0);
    const bound = { code: 'failed_tasks_bounded', count: bounded?.keptFailures, ageMs: null };
    const expected = isShown ? bound : null;
    if (JSON.stringify(reported) !== JSON.stringify(expected))
      violations.push(`${id}: the precheck says ${JSON.stringify(reported)} instead of ${JSON.stringify(expected)}`);
  }
  return violations;
}

/** No record, log line or message contains the secret that is in the data and in the failure reason of tasks. */
async function findLeaks({ redis, leaks, slack }: System): Promise<string[]> {
  const calls = slack.calls.map(({ args }) => JSON.stringify(args)).filter((args) => args.includes(secret));
  const found = [...leaks, ...calls].map((text) => `the secret of a task is in: ${text}`);
  for (const key of await redis.keys('syncbot:*')) {
    if (JSON.stringify(await readValue(redis, key)).includes(secret))
      found.push(`the secret of a task is in the record ${key}`);
  }
  return found;
}

/** Only an execution whose worker was killed, or did not get a reply of a Redis, stays in `:runs`. */
function findAbandonedExecutions({ workers, proxies }: System, { id, runs }: ProjectRecords): string[] {
  const lastOutageAt = Math.max(...proxies.map((proxy) => proxy.lastOutageAt));
  return runs
    .filter((at) => at > lastOutageAt)
    .filter((at) => !workers.killed.some(({ startedAt, endedAt }) => at >= startedAt && at <= (endedAt ?? 0)))
    .map((at) => `${id}: an execution that started at ${at} was never removed from :runs`);
}

export interface ModelRunsOptions extends ModelRunOptions {
  readonly runs: number;
  readonly commandsPerRun: number;
  /** Printed by a failure. The same seed gives the same commands, but not the same interleaving. */
  readonly seed: number;
  readonly path: string | undefined;
}

/** Runs the model `runs` times. A failure names the seed and the path. */
export async function checkModel({ runs, commandsPerRun, seed, path, ...options }: ModelRunsOptions): Promise<void> {
  const property = asyncProperty(commandSequence(commandsPerRun), (commands) => runModel(commands, options));
  const pathOption = path === undefined ? {} : { path };
  await assertAll(property, { numRuns: runs, seed, endOnFailure: true, ...pathOption });
}
