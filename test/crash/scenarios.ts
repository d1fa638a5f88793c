import { type Action, actions } from '../../src/domain/lifecycle.ts';
import { countBotCrashPoints, freezeBot, killBot } from './bot-crash.ts';
import type { CrashPoint } from './crash-points.ts';
import { type CrashHarness, createCrashHarness } from './harness.ts';
import { countWorkerCrashPoints, freezeWorker, killWorker } from './worker-crash.ts';

/** Who is stopped at what, and how. */
export interface CrashCase {
  /** `worker, pause`: of every point of it there is a case for each signal and side. */
  readonly scenario: string;
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly point: CrashPoint;
  run(harness: CrashHarness): Promise<void>;
}

const scenarioRunners = {
  worker: { count: countWorkerCrashPoints, SIGKILL: killWorker, SIGSTOP: freezeWorker },
  bot: { count: countBotCrashPoints, SIGKILL: killBot, SIGSTOP: freezeBot },
} as const;

/** Everything that can be played on the compiled sources in `folder`. */
export interface Scenarios {
  readonly folder: string;
  readonly cases: readonly CrashCase[];
  readonly scripts: ReadonlySet<string>;
}

/** Counts the points of every scenario in runs that nobody disturbs, on servers that know every script already. */
export async function discoverScenarios(folder: string): Promise<Scenarios> {
  await using harness = await createCrashHarness(folder);
  for (const action of ['start', 'restore'] as const) await countWorkerCrashPoints(harness, action);
  const cases: CrashCase[] = [];
  for (const role of ['worker', 'bot'] as const) {
    for (const action of actions) {
      const labels = await scenarioRunners[role].count(harness, action);
      cases.push(...labels.flatMap((label) => casesAtPoint(role, action, label)));
    }
  }
  return { folder, cases, scripts: harness.knownScripts };
}

function casesAtPoint(role: keyof typeof scenarioRunners, action: Action, label: string): CrashCase[] {
  return (['SIGKILL', 'SIGSTOP'] as const).flatMap((signal) =>
    (['before', 'after'] as const).map((when) => {
      const point = { label, when };
      const run = (harness: CrashHarness) => scenarioRunners[role][signal](harness, action, point);
      return { scenario: `${role}, ${action}`, signal, point, run };
    }),
  );
}

export function caseName({ scenario, signal, point }: CrashCase): string {
  return `${scenario}, ${signal} ${point.when} ${point.label}`;
}

/** How the cases went. */
export interface RunResult {
  /** How many processes were stopped at their point. */
  readonly stops: number;
  /** A paragraph for each case that went wrong. */
  readonly failures: readonly string[];
}

export interface RunOptions {
  /** How many at a time, each group on Redis servers of its own. */
  readonly concurrency: number;
  /** After so many failures the rest is left out: each one waits in vain for a while. */
  readonly maxFailures: number;
}

/** Plays the cases. */
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
        // What it has left behind must not spoil the next one.
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
