import { linkName } from '../domain/project.ts';
import type { Voice } from '../domain/words.ts';
import { plain } from './text.ts';

/** How things are said on a terminal. */
export const cliVoice: Voice = {
  text: (raw) => plain(raw),
  person: plain,
  channel: plain,
  link: (link) => plain(linkName(link)),
  command: (words) => `syncbot ${plain(words)}`,
};
