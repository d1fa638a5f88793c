import { z } from 'zod';
import type { SetPausedResult } from '../../application/ports.ts';
import type { DesiredLinkState } from '../../domain/lifecycle.ts';
import type { Link } from '../../domain/link.ts';
import { withTimeout } from '../../lib/async.ts';
import { whenReady } from '../redis/client.ts';
import { loadScript, runScript } from '../redis/scripts.ts';
import type { LinkClocks } from './link-clocks.ts';
import { keyPrefix, type LinkConnection } from './link-connections.ts';
import { mergePausedList } from './merge-paused-list.ts';

export interface SetPausedCommand {
  readonly link: Link;
  readonly desired: DesiredLinkState;
  readonly clocks: LinkClocks;
  /** When the command expires, ms of `performance.now()`. */
  readonly expiresAt: number;
  /** Until when the link has to answer, ms of `performance.now()`. */
  readonly endsAt: number;
}

/**
 * Pauses or resumes a link. The script that does so compares the expiry with the clock of the link's server: a command that
 * was delayed by this process, the client or the network could reach a link that has another desired state by then.
 */
export async function setLinkPaused(
  connection: LinkConnection | undefined,
  command: SetPausedCommand,
): Promise<SetPausedResult> {
  const { link, desired, clocks, expiresAt, endsAt } = command;
  const remainingMs = () => Math.max(0, endsAt - performance.now());
  if (connection === undefined || !(await whenReady(connection.client, remainingMs()))) return 'unreachable';
  if (desired === 'resumed') {
    const merged = await withTimeout(mergePausedList(connection, link), remainingMs());
    if (merged.kind === 'rejected') connection.report(merged.error);
    if (merged.kind !== 'resolved') return 'unreachable';
  }
  if (performance.now() > expiresAt) return 'expired';
  const deadline = clocks.toServerTime(link, expiresAt);
  if (deadline === null) return 'unreachable';

  const result = await withTimeout(runSetPaused(connection, { link, desired, deadline }), remainingMs());
  if (result.kind === 'resolved') {
    // The server's clock may have been set.
    if (result.value === 'expired') clocks.forget(link);
    return result.value;
  }
  if (result.kind === 'timed_out') {
    connection.reset();
    return 'unknown';
  }
  connection.report(result.error);
  return hasErrorReply(result.error) ? 'unreachable' : 'unknown';
}

/** After a reply the command cannot arrive again later. */
function hasErrorReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

const setPausedScript = loadScript(new URL('lua/set-paused.lua', import.meta.url));
const replySchema = z.enum(['applied', 'expired', 'unfinished']);

async function runSetPaused(
  { client }: LinkConnection,
  { link, desired, deadline }: { readonly link: Link; readonly desired: DesiredLinkState; readonly deadline: number },
): Promise<'applied' | 'expired'> {
  const prefix = keyPrefix(link);
  const keys = ['meta', 'wait', 'paused', 'prioritized', 'delayed', 'marker', 'events'].map((name) => prefix + name);
  const args = [JSON.stringify({ desired, deadline })];
  for (;;) {
    const reply = replySchema.parse(await runScript(client, setPausedScript, { keys, args }));
    if (reply !== 'unfinished') return reply;
  }
}
