import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { SetPausedResult, SetPausedTimeouts } from '../../application/ports.ts';
import type { DesiredLinkState } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { jsonReply, loadScript, runScript } from '../redis/scripts.ts';
import { callLinks, type LinkItem } from './call-links.ts';
import { keyPrefix, type LinkConnection, type LinkConnections } from './link-connections.ts';
import { mergePausedList } from './merge-paused-list.ts';
import { readStatusBatch } from './read-statuses.ts';

/** Setting the flag of a link takes Redis up to 20 µs. */
const batchSize = 100;

export interface SetPausedCall extends SetPausedTimeouts {
  readonly links: readonly Link[];
  readonly desired: DesiredLinkState;
}

/**
 * Pauses or resumes links. The script that does so compares the expiry with the clock of the links' server: a command that
 * was delayed by this process, the client or the network could reach a link that has another desired state by then. If a
 * command may still be under way, this waits until it has expired. A socket that has not delivered a command in time is reset.
 */
export async function setLinksPaused(
  connections: LinkConnections,
  { links, desired, responseMs, validForMs }: SetPausedCall,
): Promise<SetPausedResult[]> {
  const expiresAt = performance.now() + validForMs;
  const underWay = new Set<symbol>();
  const items = links.map((link) => ({ link }));
  const results = await callLinks<LinkItem, SetPausedResult>(connections, items, {
    timeoutMs: responseMs,
    batchSize,
    unreachable: () => 'unreachable',
    resetIfLate: true,
    run: (connection, batch) => setBatchPaused(connection, batch, { desired, expiresAt, underWay }),
  });
  if (underWay.size > 0) await delay(Math.max(0, expiresAt - performance.now()));
  return results;
}

interface SetPausedCommand {
  readonly desired: DesiredLinkState;
  /** Ms of `performance.now()`. */
  readonly expiresAt: number;
  /** The commands that may still reach the server. */
  readonly underWay: Set<symbol>;
}

/** All links of a batch are on one server. */
async function setBatchPaused(
  connection: LinkConnection,
  batch: readonly LinkItem[],
  { desired, expiresAt, underWay }: SetPausedCommand,
): Promise<readonly SetPausedResult[]> {
  const { clocks } = connection;
  const links = batch.map(({ link }) => link);
  const [first] = links;
  if (first === undefined) return [];
  if (!clocks.isKnown(first)) await readStatusBatch(connection, batch);
  if (desired === 'resumed') await Promise.all(links.map((link) => mergePausedList(connection, link)));
  const deadline = clocks.toServerTime(first, expiresAt);
  if (deadline === null || performance.now() > expiresAt) return links.map(() => 'expired');
  const command = Symbol();
  const { lostSockets } = connection;
  underWay.add(command);
  const results = await runSetPaused(connection, { links, desired, deadline });
  // The reply may be that of the second copy of a command.
  if (connection.lostSockets === lostSockets) underWay.delete(command);
  // The server's clock may have been set.
  for (const [index, link] of links.entries()) if (results[index] === 'expired') clocks.forget(link);
  return results;
}

const setPausedScript = loadScript(new URL('lua/set-paused.lua', import.meta.url));
const replySchema = jsonReply(
  z.object({ results: z.array(z.enum(['applied', 'expired'])), areTasksLeft: z.boolean() }),
);
const keyNames = ['meta', 'wait', 'paused', 'prioritized', 'delayed', 'marker', 'events'];

interface SetPausedScriptCall {
  readonly links: readonly Link[];
  readonly desired: DesiredLinkState;
  /** Epoch ms of the server's clock. */
  readonly deadline: number;
}

async function runSetPaused(
  { client }: LinkConnection,
  { links, desired, deadline }: SetPausedScriptCall,
): Promise<readonly SetPausedResult[]> {
  const keys = links.flatMap((link) => keyNames.map((name) => `${keyPrefix(link)}${name}`));
  const args = [JSON.stringify({ desired, deadline })];
  for (;;) {
    const reply = replySchema.parse(await runScript(client, setPausedScript, { keys, args }));
    if (!reply.areTasksLeft) return reply.results;
  }
}
