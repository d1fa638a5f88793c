import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { build } from '../demo/demo-process.ts';
import { type Case, openProgramme, playAll } from './cases.ts';

const firstSeed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));
const perKind = { worker: 2, bot: 1 };
const atOnce = 3;

it(`whoever is stopped at some points of an operation, everything converges (CRASH_SEED=${firstSeed})`, async () => {
  await using built = await build();
  const programme = await openProgramme(built.folder);
  const chosen = [...kinds(programme.cases)].flatMap(([kind, cases], index) =>
    choose(cases, kind.startsWith('worker') ? perKind.worker : perKind.bot, firstSeed + index),
  );
  const { stops, failures } = await playAll(programme, chosen, { atOnce, failuresAtMost: atOnce });
  expect(failures).toEqual([]);
  expect(stops).toBe(chosen.length);
}, 120_000);

/** The cases of each scenario, those of a worker by signal. */
function kinds(cases: readonly Case[]): Map<string, Case[]> {
  const found = new Map<string, Case[]>();
  for (const one of cases) {
    const kind = one.scenario.startsWith('worker') ? `${one.scenario}, ${one.signal}` : one.scenario;
    found.set(kind, [...(found.get(kind) ?? []), one]);
  }
  return found;
}

function choose(cases: readonly Case[], count: number, seed: number): readonly Case[] {
  const [chosen = []] = fc.sample(fc.subarray([...cases], { minLength: count, maxLength: count }), {
    seed,
    numRuns: 1,
  });
  return chosen;
}
