import { z } from 'zod';
import type { Drive, Flag, LinkEngine, LinkWithWatermark, PutBack } from '../../application/ports.ts';
import { outcomeWithin } from '../../application/within.ts';
import type { Wanted } from '../../domain/lifecycle.ts';
import type { LinkReading } from '../../domain/observation.ts';
import type { ConnectionFacts } from '../../domain/precheck.ts';
import type { Link } from '../../domain/project.ts';
import { run, script } from '../redis/call.ts';
import {
  askLinks,
  indexesByConnection,
  type LinkConnection,
  type LinkConnections,
  linkBase,
} from './link-connections.ts';
import { observeChunk } from './link-observe.ts';
import { putBackLink } from './link-put-back.ts';
import { serverFacts, workerCounts } from './server-facts.ts';
import { gatherSetAside } from './set-aside.ts';
import { signOfWork } from './worked-on.ts';

/** A look takes Redis up to some 100 µs a link, a flag 2 µs: neither keeps others waiting for more than some ms. */
const looksAtOnce = 20;
const flagsAtOnce = 500;
const tasksAtOnce = 100;
const observeWithinMs = 3_000;
const putBackWithinMs = 5 * 60_000;
const workedOnWithinMs = 10_000;

/**
 * The links' BullMQ queues. All it ever changes in one: the pause flag, the place of tasks set aside, and failed tasks that
 * Restore puts back.
 */
export function createLinkEngine(connections: LinkConnections): LinkEngine {
  return {
    readFlags: (links, withinMs) =>
      askLinks(connections, asItems(links), {
        withinMs,
        atOnce: flagsAtOnce,
        unreachable: (): Flag => 'unreachable',
        ask: flagsOfChunk,
      }),
    drive(links, wanted, { answerMs, sendMs }) {
      const sendBy = performance.now() + sendMs;
      return askLinks(connections, asItems(links), {
        withinMs: answerMs,
        atOnce: flagsAtOnce,
        unreachable: (): Drive => 'unreachable',
        ask: (connection, items) =>
          Promise.all(
            items.map(async ({ link }) => {
              const driven = await outcomeWithin(driveLink(connection, { link, wanted, sendBy }), answerMs);
              if (driven.kind === 'failed') connection.report(driven.error);
              return driven.kind === 'answered' ? driven.value : 'unreachable';
            }),
          ),
      });
    },
    putBack: (links) =>
      askLinks(connections, links, {
        withinMs: putBackWithinMs,
        atOnce: tasksAtOnce,
        unreachable: (): PutBack => ({ kind: 'unreachable', tasks: 0 }),
        ask: (connection, items) => Promise.all(items.map((item) => putBackLink(connection, item))),
      }),
    observe: (links) =>
      askLinks(connections, links, {
        withinMs: observeWithinMs,
        atOnce: looksAtOnce,
        unreachable: ({ link }: LinkWithWatermark): LinkReading => ({ kind: 'unreachable', link }),
        impatient: true,
        ask: observeChunk,
      }),
    connections: (names) => Promise.all(names.map((name) => factsOf(connections, name))),
    workers: async (links) => countWorkers(connections, links),
    workedOn: (links) =>
      askLinks(connections, asItems(links), {
        withinMs: workedOnWithinMs,
        atOnce: tasksAtOnce,
        unreachable: (): string | null => 'unreachable',
        ask: (connection, items) => Promise.all(items.map(({ link }) => signOfWork(connection, link))),
      }),
  };
}

function asItems(links: readonly Link[]): { readonly link: Link }[] {
  return links.map((link) => ({ link }));
}

/** KEYS: the `meta` key of each link. ARGV: the first part of its keys. 1 paused, 0 resumed, -1 no such queue. */
const flagsScript = script(`
local flags = {}
for i, meta in ipairs(KEYS) do
  local base = ARGV[i]
  if redis.call('HEXISTS', meta, 'paused') == 1 then flags[i] = 1
  elseif redis.call('EXISTS', meta, base .. 'id', base .. 'events', base .. 'wait') > 0 then flags[i] = 0
  else flags[i] = -1 end
end
return flags
`);

const flagNames = new Map<number, Flag>([
  [1, 'paused'],
  [0, 'resumed'],
  [-1, 'missing'],
]);

async function flagsOfChunk({ client }: LinkConnection, items: readonly { readonly link: Link }[]): Promise<Flag[]> {
  const bases = items.map(({ link }) => linkBase(link));
  const keys = bases.map((base) => `${base}meta`);
  const flags = z.array(z.number()).parse(await run(client, flagsScript, { keys, args: bases }));
  return items.map((_item, index) => flagNames.get(flags[index] ?? Number.NaN) ?? 'unreachable');
}

/** What is sent after a wait, for the connection or of a process that was stopped, could land when the link is wanted otherwise. */
async function driveLink(
  connection: LinkConnection,
  { link, wanted, sendBy }: { readonly link: Link; readonly wanted: Wanted; readonly sendBy: number },
): Promise<Drive> {
  if (wanted === 'resumed') await gatherSetAside(connection, link);
  if (performance.now() > sendBy) return 'late';
  await connection.backend(link).pause(wanted === 'paused');
  return 'driven';
}

async function factsOf(connections: LinkConnections, name: string): Promise<ConnectionFacts> {
  const connection = connections.get(name);
  return connection === undefined ? { kind: 'unreachable', name } : serverFacts(name, connection.client);
}

async function countWorkers(connections: LinkConnections, links: readonly Link[]): Promise<(number | null)[]> {
  const counts: (number | null)[] = links.map(() => null);
  await Promise.all(
    [...indexesByConnection(links)].map(async ([name, indexes]) => {
      const connection = connections.get(name);
      if (connection === undefined) return;
      const asked = await workerCounts(
        connection,
        indexes.flatMap((index) => links[index] ?? []),
      );
      indexes.forEach((index, position) => {
        counts[index] = asked[position] ?? null;
      });
    }),
  );
  return counts;
}
