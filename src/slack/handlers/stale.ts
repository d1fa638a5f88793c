import { unchanged } from '../../domain/words.ts';
import type { Heard } from '../contract.ts';
import { buildSentence } from '../views/refusal.ts';
import { type Desk, say } from './desk.ts';

/** A button of an older version of the bot, or one whose value cannot be read. */
export async function sayStale(desk: Desk, heard: Heard): Promise<void> {
  const help = desk.voice.command('help');
  await say(
    desk,
    heard,
    buildSentence(`This button is of an older version. ${unchanged} Ask again; ${help} shows how.`),
  );
}
