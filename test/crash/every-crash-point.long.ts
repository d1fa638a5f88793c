import { expect, it } from 'vitest';
import { buildTestPrograms } from '../support/syncbot-build.ts';
import { caseName, discoverScenarios, runAll } from './scenarios.ts';

/** Only cases whose name contains this text run. */
const nameFilter = process.env['CRASH_ONLY'] ?? '';
const concurrency = Number(process.env['CRASH_AT_ONCE'] ?? 4);

it('each operation has one outcome when a process is stopped at any crash point', async () => {
  await using built = await buildTestPrograms();
  const scenarios = await discoverScenarios(built.folder);
  const { cases } = scenarios;
  for (const scenario of new Set(cases.map((one) => one.scenario))) {
    const scenarioCases = cases.filter((one) => one.scenario === scenario);
    const selected = scenarioCases.filter((one) => caseName(one).includes(nameFilter));
    const startedAt = Date.now();
    const { stops, failures } = await runAll(scenarios, selected, { concurrency, maxFailures: 20 });
    const points = new Set(scenarioCases.map(({ point }) => point.label)).size;
    const seconds = Math.round((Date.now() - startedAt) / 1_000);
    process.stdout.write(`${scenario}: ${points} points, ${selected.length} cases, ${stops} stops, ${seconds} s\n`);
    expect.soft(failures, scenario).toEqual([]);
    expect.soft(stops, scenario).toBe(selected.length);
  }
});
