import type { Formatter } from '../../src/messages/format.ts';

const names: Readonly<Record<string, string>> = {
  U0ALICE: '@alice',
  U0BOB: '@bob',
  U0CAROL: '@carol',
  C0SYNC: '#sync',
  C0OPS: '#ops',
};

function timeOfDay(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}

/** Shows people, channels, links, commands and times as Slack does, in Markdown. Times are in UTC. */
export const readableFormatter: Formatter = {
  text: (raw, maxChars = 1_000) => raw.slice(0, maxChars),
  person: (actor) => names[actor] ?? actor,
  channel: (id) => names[id] ?? id,
  link: ({ queue }) => `\`${queue}\``,
  time: timeOfDay,
  at: (at) => `at ${timeOfDay(at)}`,
  command: (words) => `\`/sync ${words}\``,
};
