import { closest } from '../domain/similar.ts';
import { redisUrlHint } from '../redis-address.ts';

const userOrGroup = 'Write the id of a user (U0123ABCD) or of a user group (S0123ABCD), not a name.';
const channel = 'Write the id of a channel (C0123ABCD), not its name: it stands at the end of the channel’s link.';
const endpoint = 'Write `{ type: mysql, name: orders-db }`.';

/** Every key of syncbot.yml and what it wants. `*` stands for a name of the user's own or a place in a list. */
export const vocabulary: Readonly<Record<string, string>> = {
  connections:
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in the file
    'Write a name and the address of its Redis for each connection, such as `warehouse: ${WAREHOUSE_REDIS_URL}`.',
  'connections.*': redisUrlHint,
  policy: 'Write `operators` and `channels` below it.',
  'policy.operators': 'Write a list of user ids and user group ids, such as [U0123ABCD, S0123ABCD].',
  'policy.operators.*': userOrGroup,
  'policy.channels': 'Write a list of channel ids, such as [C0123ABCD].',
  'policy.channels.*': channel,
  settings: 'Write `confirmationTtl: 5m` and the like below it.',
  'settings.confirmationTtl': 'Write a duration from 1s to 24h, such as 5m.',
  'settings.observeEvery': 'Write a duration from 250ms to 10m, such as 5s.',
  'settings.operationRetention': 'Write a duration from 1h to 3650d, such as 90d.',
  'settings.auditLength': 'Write a whole number from 100 to 1000000.',
  'settings.showErrors': 'Write true or false.',
  projects: 'Write an id and its settings for each project, or `projects: {}` for none.',
  'projects.*': 'Write at least `links` below it.',
  'projects.*.description': 'Write a text of at most 1000 characters.',
  'projects.*.source': endpoint,
  'projects.*.source.type': 'Write a text of at most 63 characters, such as mysql.',
  'projects.*.source.name': 'Write a text of at most 255 characters, such as orders-db.',
  'projects.*.target': endpoint,
  'projects.*.target.type': 'Write a text of at most 63 characters, such as kafka.',
  'projects.*.target.name': 'Write a text of at most 255 characters, such as warehouse.',
  'projects.*.labels': 'Write a list of at most 50 texts, such as [prod, nightly].',
  'projects.*.labels.*': 'Write a text of at most 63 characters; put a number in quotes.',
  'projects.*.channel': channel,
  'projects.*.adopt': 'Write true or false.',
  'projects.*.onFailure': 'Write pause or continue.',
  'projects.*.logRetention': 'Write a duration from 1m to 3650d, such as 48h.',
  'projects.*.latencyAlert': 'Write a duration from 1s to 30d, such as 5m.',
  'projects.*.links': 'Write a list of queues, such as `- queue: orders-full`.',
  'projects.*.links.*': 'Write `queue: orders-full` or `{ queue: orders-full, connection: warehouse, prefix: bull }`.',
  'projects.*.links.*.queue': 'Write the name of the BullMQ queue, as its owner creates it.',
  'projects.*.links.*.connection': 'Name one of `connections`, or leave it out for REDIS_URL.',
  'projects.*.links.*.prefix': 'Write the BullMQ prefix of the queue, or leave it out for bull.',
};

/** The place of a path in the vocabulary. */
export function patternOf(path: readonly PropertyKey[]): string {
  return path.map((key, depth) => (isOwnName(path, depth) ? '*' : String(key))).join('.');
}

/** What the key at this path wants, or what the nearest key above it wants. */
export function hintFor(path: readonly PropertyKey[]): string | null {
  for (let depth = path.length; depth > 0; depth--) {
    const hint = vocabulary[patternOf(path.slice(0, depth))];
    if (hint !== undefined) return hint;
  }
  return null;
}

/** The sentence parts for a key that nobody knows at this place. */
export function unknownKey(parent: readonly PropertyKey[], key: string): { message: string; hint: string | null } {
  const section = patternOf(parent);
  const known = knownKeys(section);
  const similar = closest(key, known);
  const hint = similar === null ? `The keys here are: ${known.join(', ')}.` : `Did you mean ${similar}?`;
  return { message: 'is an unknown key', hint };
}

/** The keys that may stand in a section, such as `projects.*` (empty: the file). */
export function knownKeys(section: string): string[] {
  const prefix = section === '' ? '' : `${section}.`;
  return Object.keys(vocabulary)
    .filter((pattern) => pattern.startsWith(prefix) && !pattern.slice(prefix.length).includes('.'))
    .map((pattern) => pattern.slice(prefix.length))
    .filter((key) => key !== '*');
}

/** Names of connections and projects, and places in lists, are the user's own. */
function isOwnName(path: readonly PropertyKey[], depth: number): boolean {
  if (typeof path[depth] === 'number') return true;
  return depth === 1 && (path[0] === 'connections' || path[0] === 'projects');
}
