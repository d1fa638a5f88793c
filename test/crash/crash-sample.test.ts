import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { buildTestPrograms } from '../support/syncbot-build.ts';
import { type CrashCase, discoverScenarios, runAll } from './scenarios.ts';
import { crashSteps } from './step-crash.ts';

const firstSeed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));
const samplesPerKind = { worker: 2, bot: 1 };
const concurrency = 3;
/** Counting the crash points of a step takes as long as a case. So a run takes some of the steps. */
const sampledSteps = 6;

it(`each operation has one outcome when a process is stopped at a sample of crash points (CRASH_SEED=${firstSeed})`, async () => {
  await using built = await buildTestPrograms();
  const scenarios = await discoverScenarios(built.folder, sampleOf(crashSteps, sampledSteps, firstSeed));
  const selected = [...groupByKind(scenarios.cases)].flatMap(([kind, cases], index) =>
    sampleOf(cases, kind.startsWith('worker') ? samplesPerKind.worker : samplesPerKind.bot, firstSeed + index),
  );
  const { stops, failures } = await runAll(scenarios, selected, { concurrency, maxFailures: concurrency });
  expect(failures).toEqual([]);
  expect(stops).toBe(selected.length);
});

/** Groups the cases by scenario. Those of a worker are also grouped by signal. */
function groupByKind(cases: readonly CrashCase[]): Map<string, CrashCase[]> {
  const groups = new Map<string, CrashCase[]>();
  for (const crashCase of cases) {
    const kind = crashCase.scenario.startsWith('worker')
      ? `${crashCase.scenario}, ${crashCase.signal}`
      : crashCase.scenario;
    groups.set(kind, [...(groups.get(kind) ?? []), crashCase]);
  }
  return groups;
}

function sampleOf<T>(all: readonly T[], count: number, seed: number): readonly T[] {
  const [selected = []] = fc.sample(fc.subarray([...all], { minLength: count, maxLength: count }), {
    seed,
    numRuns: 1,
  });
  return selected;
}
