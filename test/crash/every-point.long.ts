import { expect, it } from 'vitest';
import { build } from '../demo/demo-process.ts';
import { nameOf, openProgramme, playAll } from './cases.ts';

/** Only the cases whose name contains this, to play one again. */
const only = process.env['CRASH_ONLY'] ?? '';
const atOnce = Number(process.env['CRASH_AT_ONCE'] ?? 4);

it('whoever is stopped at whichever point of an operation, everything converges', async () => {
  await using built = await build();
  const programme = await openProgramme(built.folder);
  const { cases } = programme;
  for (const scenario of new Set(cases.map((one) => one.scenario))) {
    const own = cases.filter((one) => one.scenario === scenario);
    const chosen = own.filter((one) => nameOf(one).includes(only));
    const startedAt = Date.now();
    const { stops, failures } = await playAll(programme, chosen, { atOnce, failuresAtMost: 20 });
    const points = new Set(own.map(({ point }) => point.label)).size;
    const seconds = Math.round((Date.now() - startedAt) / 1_000);
    process.stdout.write(`${scenario}: ${points} points, ${chosen.length} cases, ${stops} stops, ${seconds} s\n`);
    expect.soft(failures, scenario).toEqual([]);
    expect.soft(stops, scenario).toBe(chosen.length);
  }
});
