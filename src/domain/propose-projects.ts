import { type Link, linkId } from './link.ts';
import { isReservedWord, type ProjectId } from './project.ts';

/** A project for queues that no project has. Its links are in the order of their ids. */
export interface ProposedProject {
  readonly id: ProjectId;
  readonly links: readonly Link[];
}

/**
 * Groups queues into projects by the first words of their names: `orders-full` and `orders-incr` are `orders`. Words end at
 * `-`, `_`, `.` and other signs, and in camel case. Each link is in exactly one project. No id is one of `takenIds`. The result
 * does not depend on the order of the links.
 */
export function proposeProjects(links: readonly Link[], takenIds: Iterable<ProjectId> = []): ProposedProject[] {
  const unique = [...new Map(links.map((link) => [linkId(link), link])).entries()];
  const named = unique.sort(([a], [b]) => compareText(a, b)).map(([, link]) => ({ link, words: wordsOf(link.queue) }));
  // The queues of another prefix or Redis may be those of another environment.
  const groups = partition(named, ({ link }) => `${link.connection}/${link.prefix}`).flatMap((queues) =>
    partition(queues, ({ words }) => words[0] ?? '').flatMap((sameStart) => splitGroup(sameStart, 1)),
  );
  const taken = new Set(takenIds);
  return groups
    .map((group) => ({ group, words: commonStart(group), prefix: group[0]?.link.prefix ?? '' }))
    .sort((a, b) => compareText(a.words.join('-'), b.words.join('-')))
    .map(({ group, words, prefix }) => {
      const id = freeId(words, { prefix, taken });
      taken.add(id);
      return { id, links: group.map(({ link }) => link) };
    });
}

interface NamedQueue {
  readonly link: Link;
  readonly words: readonly string[];
}

/**
 * `depth`: how many words all queues of the group share. `sync-orders-*` and `sync-users-*` are two groups. `orders-full` and
 * `orders-incr` are one, also with `orders-incr-retry`.
 */
function splitGroup(queues: readonly NamedQueue[], depth: number): (readonly NamedQueue[])[] {
  if (queues.length === 1) return [queues];
  const parts = partition(queues, ({ words }) => words[depth] ?? '');
  const isLongest = queues.some(({ words }) => words.length <= depth);
  if (parts.length === 1) return isLongest ? [queues] : splitGroup(queues, depth + 1);
  const canSplit = (part: readonly NamedQueue[]) => part.length > 1 && part.every(({ words }) => words.length > depth);
  if (parts.filter(canSplit).length < 2) return [queues];
  return parts.flatMap((part) => (canSplit(part) ? splitGroup(part, depth + 1) : [part]));
}

function partition<Item>(items: readonly Item[], keyOf: (item: Item) => string): (readonly Item[])[] {
  const parts = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [item]);
    else part.push(item);
  }
  return [...parts.values()];
}

/** `ordersFull`, `orders_full` and `Orders.Full` are `orders`, `full`. */
function wordsOf(name: string): string[] {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .split(/[^\p{L}\p{N}]+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

function commonStart(group: readonly NamedQueue[]): readonly string[] {
  const [first, ...others] = group.map(({ words }) => words);
  const end = (first ?? []).findIndex((word, index) => others.some((words) => words[index] !== word));
  return end < 0 ? (first ?? []) : (first ?? []).slice(0, end);
}

const maxIdLength = 63;

function freeId(
  words: readonly string[],
  { prefix, taken }: { readonly prefix: string; readonly taken: ReadonlySet<string> },
): ProjectId {
  const isFree = (id: string) => id !== '' && !isReservedWord(id) && !taken.has(id);
  const base = toId(words) || 'project';
  const candidates = [base, ...(prefix === 'bull' ? [] : [toId([...wordsOf(prefix), base])]), `${base}-queues`];
  const found = candidates.map((id) => cut(id, maxIdLength)).find(isFree);
  if (found !== undefined) return found;
  for (let number = 2; ; number++) {
    const id = `${cut(base, maxIdLength - `-${number}`.length)}-${number}`;
    if (isFree(id)) return id;
  }
}

function toId(words: readonly string[]): string {
  return words
    .map((word) => word.replaceAll(/[^a-z0-9-]/g, ''))
    .filter((word) => word !== '')
    .join('-');
}

function cut(id: string, maxLength: number): string {
  return id.slice(0, maxLength).replace(/-+$/, '');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
