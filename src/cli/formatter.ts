import { linkName } from '../domain/link.ts';
import { type Formatter, formatUtc } from '../messages/format.ts';
import { sanitizeText } from './table.ts';

/** How things are said on a terminal. */
export const cliFormatter: Formatter = {
  text: (raw) => sanitizeText(raw),
  person: sanitizeText,
  channel: sanitizeText,
  link: (link) => sanitizeText(linkName(link)),
  time: formatUtc,
  command: (commandLine) => `syncbot ${sanitizeText(commandLine)}`,
};
