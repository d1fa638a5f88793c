import { linkName } from '../domain/project.ts';
import { utc, type Voice } from '../domain/words.ts';
import { plain } from './text.ts';

/** How things are said on a terminal. */
export const cliVoice: Voice = {
  text: (raw) => plain(raw),
  person: plain,
  channel: plain,
  link: (link) => plain(linkName(link)),
  moment: utc,
  command: (words) => `syncbot ${plain(words)}`,
};
