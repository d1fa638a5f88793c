import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { build } from '../demo/demo-process.ts';
import { allCases, type Case, playAll } from './cases.ts';

const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));
const perKind = { worker: 2, bot: 1 };
const atOnce = 3;

it(`whoever is stopped at some points of an operation, everything converges (CRASH_SEED=${seed})`, async () => {
  await using built = await build();
  const chosen = [...kinds(await allCases(built.folder))].flatMap(([kind, cases]) =>
    choose(cases, kind.startsWith('worker') ? perKind.worker : perKind.bot),
  );
  const { stops, failures } = await playAll(built.folder, chosen, atOnce);
  expect(failures).toEqual([]);
  expect(stops).toBe(chosen.length);
});

/** The cases of each scenario and signal. */
function kinds(cases: readonly Case[]): Map<string, Case[]> {
  const found = new Map<string, Case[]>();
  for (const one of cases) {
    const kind = `${one.scenario}, ${one.signal}`;
    found.set(kind, [...(found.get(kind) ?? []), one]);
  }
  return found;
}

function choose(cases: readonly Case[], count: number): readonly Case[] {
  const [chosen = []] = fc.sample(fc.subarray([...cases], { minLength: count, maxLength: count }), {
    seed,
    numRuns: 1,
  });
  return chosen;
}
