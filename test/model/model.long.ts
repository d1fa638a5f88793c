import { expect, it } from 'vitest';
import { build } from '../demo/demo-process.ts';
import { tellStories } from './story.ts';
import { emptyTally, tallyText } from './tally.ts';

const commands = Number(process.env['MODEL_COMMANDS'] ?? 10_000);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);
const perStory = 250;

it(`${commands} commands`, async () => {
  await using built = await build();
  const tally = emptyTally();
  const startedAt = Date.now();
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(`seed: ${seed}`);
  const stories = Math.max(1, Math.round(commands / perStory));
  try {
    const path = process.env['MODEL_PATH'];
    const onTold = () => tally.stories % 10 === 0 && say(`${tally.commands} commands`);
    const each = Math.min(commands, perStory);
    await tellStories({ folder: built.folder, tally, onTold, stories, seed, path, commands: each });
  } finally {
    say(`${tallyText(tally)}\nseconds: ${Math.round((Date.now() - startedAt) / 1_000)}`);
  }
  expect(tally.operations.get('done')).toBeGreaterThan(0);
});
