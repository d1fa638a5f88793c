import type { Formatter } from '../../src/messages/format.ts';

const escapeText = (raw: string, maxChars = 1_000) => raw.replaceAll('<', '‹').replaceAll('&', '+').slice(0, maxChars);

/** A formatter whose escaping is easy to see: `<` becomes `‹`. */
export const plainFormatter: Formatter = {
  text: escapeText,
  person: (actor) => `@${escapeText(actor)}`,
  channel: (id) => `#${escapeText(id)}`,
  link: ({ queue }) => escapeText(queue),
  time: (at) => `T${at}`,
  at: (at) => `at T${at}`,
  command: (words) => `/sync ${escapeText(words)}`,
};
