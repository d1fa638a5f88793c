import { assert as assertAll, asyncProperty } from 'fast-check';
import { type Command, commandSequence } from './commands.ts';
import { type ReplayResult, replay } from './history-check.ts';
import { findWrongFailures, findWrongOutcomes, replayLinkEvents } from './link-check.ts';
import { drain, quiesce } from './quiesce.ts';
import { isTaskFailure, type ProjectRecords, readRecords } from './records.ts';
import { findWrongResponses } from './response-check.ts';
import { runCommand } from './run-command.ts';
import { increment, type ModelStats } from './stats.ts';
import { createSystem, type System } from './system.ts';
import type { Trace } from './trace.ts';

/** So many people at once; each carries out every n-th command, in order. */
const userCount = 8;

export interface ModelRunOptions {
  /** Of the build that the workers run. */
  readonly folder: string;
  readonly stats: ModelStats;
  /** Called after each story. */
  readonly onRunFinished?: () => void;
}

/** Plays the commands with all their faults, lets everything come to rest, and holds the history against the rules. */
export async function runModel(
  commands: readonly Command[],
  { folder, stats, onRunFinished = () => {} }: ModelRunOptions,
): Promise<void> {
  await using system = await createSystem(folder);
  const trace: Trace = { requests: [], presses: [], openConfirmations: [], errors: [], unknownResults: 0 };
  await Promise.all(
    Array.from({ length: userCount }, async (_user, userIndex) => {
      for (let index = userIndex; index < commands.length; index += userCount) {
        const command = commands[index];
        if (command !== undefined) await runCommand({ system, trace }, command);
      }
    }),
  );
  await quiesce(system);
  await drain(system);
  await quiesce(system);
  const violations = [
    ...trace.errors,
    ...system.workers.unexpectedExits(),
    ...(await findViolations(system, { trace, stats })),
  ];
  stats.commands += commands.length;
  stats.runs += 1;
  stats.kills += system.workers.kills;
  stats.suspensions += system.workers.suspensions;
  for (const { droppedConnections: cuts } of system.proxies) stats.connectionCuts += cuts;
  stats.unknownResults += trace.unknownResults;
  onRunFinished();
  if (violations.length > 0) throw new Error(`The history breaks the rules:\n${violations.join('\n')}`);
}

async function findViolations(
  system: System,
  { trace, stats }: { trace: Trace; stats: ModelStats },
): Promise<string[]> {
  const histories = new Map<string, ReplayResult & { readonly records: ProjectRecords }>();
  const violations: string[] = [];
  for (const { id, initialState, onFailure, links } of system.projects) {
    const records = await readRecords(system.redis, id);
    const replayed = replay(records, { initialState, links: links.length });
    histories.set(id, { ...replayed, records });
    const linkHistories = await Promise.all(links.map(({ redis, link }) => replayLinkEvents(redis, link)));
    const wrongOutcomes = findWrongOutcomes(replayed.versions, linkHistories);
    violations.push(...replayed.violations, ...linkHistories.flatMap((link) => link.violations));
    violations.push(...wrongOutcomes.map((violation) => `${id}: ${JSON.stringify(violation)}`));
    violations.push(...findAbandonedRuns(system, records));
    const failures = findWrongFailures(records.audit, linkHistories);
    violations.push(...failures.map((violation) => `${id}: ${violation}`));
    if (onFailure === 'continue' && records.audit.some(isTaskFailure)) violations.push(`${id}: Failed by a task`);
    for (const state of replayed.operationStates.values()) increment(stats.operations, state);
    const refusals = records.audit.filter(({ event }) => event === 'refused');
    for (const { fields } of refusals) increment(stats.refusals, fields['code'] ?? '');
    stats.transitions += replayed.versions.length - 1;
    for (const { taskCount, retriedTasks } of linkHistories) {
      stats.tasks += taskCount;
      stats.retriedTasks += retriedTasks;
    }
  }
  return [...violations, ...findWrongResponses(trace, histories)];
}

/** Only who is killed, or cannot reach Redis, does not leave. */
function findAbandonedRuns({ workers, proxies }: System, { id, runs }: ProjectRecords): string[] {
  return runs
    .filter((at) => at > proxies[0].lastOutageAt)
    .filter((at) => !workers.killed.some(({ startedAt, endedAt }) => at >= startedAt && at <= (endedAt ?? 0)))
    .map((at) => `${id}: a run that entered at ${at} never left, though nothing kept it from that`);
}

export interface ModelRunsOptions extends ModelRunOptions {
  readonly runs: number;
  readonly commandsPerRun: number;
  /** What a failure has printed: the same commands again, though not the same interleaving. */
  readonly seed: number;
  readonly path: string | undefined;
}

/** So many stories of so many commands. A failure names seed and path. */
export async function checkModel({ runs, commandsPerRun, seed, path, ...options }: ModelRunsOptions): Promise<void> {
  const property = asyncProperty(commandSequence(commandsPerRun), (commands) => runModel(commands, options));
  const pathOption = path === undefined ? {} : { path };
  await assertAll(property, { numRuns: runs, seed, endOnFailure: true, ...pathOption });
}
