import { type Action, actions } from '../../src/domain/lifecycle.ts';
import { countBotCrashPoints, killBot, suspendBot } from './bot-crash.ts';
import type { CrashPoint } from './crash-points.ts';
import { type CrashHarness, createCrashHarness } from './harness.ts';
import {
  countTaskCrashPoints,
  killInTaskOperation,
  suspendInTaskOperation,
  type TaskOperation,
  taskOperations,
} from './skip-crash.ts';
import { type CrashStep, countStepCrashPoints, crashSteps, killInStep, suspendInStep } from './step-crash.ts';
import { countWorkerCrashPoints, killWorker, suspendWorker } from './worker-crash.ts';

/** One crash: which process is stopped, at which crash point, by which signal. */
export interface CrashCase {
  /** Such as `worker, pause`. Each of its crash points has a case for each signal, before and after the command. */
  readonly scenario: string;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly point: CrashPoint;
  run(harness: CrashHarness): Promise<void>;
}

const scenarioRunners = {
  worker: { count: countWorkerCrashPoints, SIGKILL: killWorker, SIGSTOP: suspendWorker },
  bot: { count: countBotCrashPoints, SIGKILL: killBot, SIGSTOP: suspendBot },
} as const;

/** All crash cases of the compiled sources in `folder`. */
export interface Scenarios {
  readonly folder: string;
  readonly cases: readonly CrashCase[];
  readonly scripts: ReadonlySet<string>;
}

/** Counts the crash points of every scenario with these steps, on servers that have loaded every script. */
export async function discoverScenarios(folder: string, steps: readonly CrashStep[] = crashSteps): Promise<Scenarios> {
  await using harness = await createCrashHarness(folder);
  for (const action of ['start', 'restore'] as const) await countWorkerCrashPoints(harness, action);
  const cases: CrashCase[] = [];
  for (const role of ['worker', 'bot'] as const) {
    for (const action of actions) {
      const labels = await scenarioRunners[role].count(harness, action);
      cases.push(...labels.flatMap((label) => casesAtPoint(role, action, label)));
    }
  }
  for (const kind of taskOperations)
    cases.push(...(await countTaskCrashPoints(harness, kind)).flatMap((label) => casesOfTaskOperation(kind, label)));
  for (const step of steps)
    cases.push(...(await countWithKnownScripts(harness, step)).flatMap((label) => casesOfStep(step, label)));
  return { folder, cases, scripts: harness.knownScripts };
}

/** Counts again if a server did not know a script. */
async function countWithKnownScripts(harness: CrashHarness, step: CrashStep): Promise<readonly string[]> {
  const { size } = harness.knownScripts;
  const labels = await countStepCrashPoints(harness, step);
  return harness.knownScripts.size === size ? labels : countWithKnownScripts(harness, step);
}

function casesOfStep(step: CrashStep, label: string): CrashCase[] {
  return crashPoints(label).map(({ signal, point }) => {
    const stop = signal === 'SIGKILL' ? killInStep : suspendInStep;
    return { scenario: step, signal, point, run: (harness) => stop(harness, step, point) };
  });
}

function casesOfTaskOperation(kind: TaskOperation, label: string): CrashCase[] {
  return crashPoints(label).map(({ signal, point }) => {
    const stop = signal === 'SIGKILL' ? killInTaskOperation : suspendInTaskOperation;
    return { scenario: `worker, ${kind}`, signal, point, run: (harness) => stop(harness, kind, point) };
  });
}

function casesAtPoint(role: keyof typeof scenarioRunners, action: Action, label: string): CrashCase[] {
  return crashPoints(label).map(({ signal, point }) => {
    const run = (harness: CrashHarness) => scenarioRunners[role][signal](harness, action, point);
    return { scenario: `${role}, ${action}`, signal, point, run };
  });
}

function crashPoints(label: string) {
  return (['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) =>
    (['before', 'after'] as const).map((when) => ({ signal, point: { label, when } })),
  );
}

export function caseName({ scenario, signal, point }: CrashCase): string {
  return `${scenario}, ${signal} ${point.when} ${point.label}`;
}

export interface RunResult {
  /** How many processes were stopped at their crash point. */
  readonly stops: number;
  /** The name and the error of each failed case. */
  readonly failures: readonly string[];
}

export interface RunOptions {
  /** How many cases run at once, each on Redis servers of its own. */
  readonly concurrency: number;
  /** After this many failures the remaining cases are skipped, since a failed case waits for its timeout. */
  readonly maxFailures: number;
}

export async function runAll(
  { folder, scripts }: Scenarios,
  cases: readonly CrashCase[],
  { concurrency, maxFailures }: RunOptions,
): Promise<RunResult> {
  const pending = [...cases];
  const failures: string[] = [];
  let stops = 0;
  const runUntilFailure = async (): Promise<void> => {
    await using harness = await createCrashHarness(folder, scripts);
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      try {
        await next.run(harness);
      } catch (error) {
        failures.push(`${caseName(next)}:\n${error instanceof Error ? error.message : String(error)}`);
        if (failures.length >= maxFailures) pending.splice(0);
        // The next case runs on new servers, without the records of this one.
        break;
      }
    }
    stops += harness.stopCount();
  };
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (pending.length > 0) await runUntilFailure();
    }),
  );
  return { stops, failures };
}
