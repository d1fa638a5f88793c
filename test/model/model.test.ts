import { expect, it } from 'vitest';
import { buildTestPrograms } from '../support/syncbot-build.ts';
import { checkModel } from './model-run.ts';
import { emptyStats } from './stats.ts';

const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);

it('250 random commands with faults keep every invariant of the history and the links', async () => {
  await using built = await buildTestPrograms();
  const stats = emptyStats();
  await checkModel({
    folder: built.folder,
    stats,
    runs: 1,
    commandsPerRun: 250,
    seed,
    path: process.env['MODEL_PATH'],
  });
  expect(stats.commands).toBe(250);
  expect(stats.operations.get('done')).toBeGreaterThan(0);
});
