import type { Voice } from '../domain/words.ts';
import { plain } from './text.ts';

/** How things are said on a terminal. */
export const cliVoice: Voice = {
  text: plain,
  person: plain,
  group: plain,
  channel: plain,
  command: (words) => `syncbot ${plain(words)}`,
};
