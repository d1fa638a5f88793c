import { expect, it } from 'vitest';
import { build } from '../demo/demo-process.ts';
import { tellStories } from './story.ts';
import { emptyTally } from './tally.ts';

const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);

it('whatever people do and whatever breaks, the history keeps to the rules and every target equals its source', async () => {
  await using built = await build();
  const tally = emptyTally();
  await tellStories({ folder: built.folder, tally, stories: 1, commands: 250, seed, path: process.env['MODEL_PATH'] });
  expect(tally.commands).toBe(250);
  expect(tally.operations.get('done')).toBeGreaterThan(0);
}, 180_000);
