import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { StoreUnavailableError } from '../../application/errors.ts';
import type { WriteResult } from '../../application/stores.ts';
import type { ProjectId } from '../../domain/project.ts';
import { type RedisClient, whenReady } from './connection.ts';
import { projectKeys } from './keys.ts';

const readyTimeoutMs = 1_500;

/**
 * Sends commands to the bot's Redis. Throws `StoreUnavailableError`: `sent: 'no'` when the connection was down before anything
 * was sent, `'unknown'` when a reply was lost. Errors that the server answered with are faults of ours and pass through.
 */
export async function execute<T>(client: RedisClient, send: (client: RedisClient) => Promise<T>): Promise<T> {
  if (!(await whenReady(client, readyTimeoutMs))) {
    throw new StoreUnavailableError('no', { cause: new Error('not connected') });
  }
  try {
    return await send(client);
  } catch (error) {
    throw isServerReply(error) ? error : new StoreUnavailableError('unknown', { cause: error });
  }
}

/** Lua that runs as one atomic step. Every key it touches lies in one project's slot. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function defineScript(source: string | URL): Script {
  const lua = typeof source === 'string' ? source : readFileSync(source, 'utf8');
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** A script's reply that is a JSON text. */
export function jsonReply<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(schema);
}

/** Runs a script by its hash; a server that does not know it (restarted, flushed) is given the text. */
export async function runScript(
  client: RedisClient,
  { lua, sha }: Script,
  { keys, args }: { readonly keys: readonly string[]; readonly args: readonly (string | number)[] },
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

/** Whether the server answered, if only with an error; false: it cannot serve just now, or did not answer. */
export function isServerReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && !isTransient(error.message);
}

/** Replies of a server that cannot serve just now: as good as no answer. */
function isTransient(message: string): boolean {
  return /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|UNBLOCKED|MISCONF|NOREPLICAS)\b/.test(message);
}

export interface StoreSettings {
  /** How many entries of a project's history are kept, about. */
  readonly auditLength: number;
  /** How long a finished operation is kept, ms. */
  readonly retentionMs: number;
}

/** Runs one atomic step on a project. */
export type StepRunner = (id: ProjectId, script: Script, args: readonly (string | number)[]) => Promise<unknown>;

export function createStepRunner(client: RedisClient, settings: StoreSettings): StepRunner {
  const settingsJson = JSON.stringify(settings);
  return (id, script, args) => {
    const { state, definition, audit, open, runs, operations } = projectKeys(id);
    const keys = [state, definition, audit, open, runs];
    return execute(client, (redis) => runScript(redis, script, { keys, args: [operations, settingsJson, ...args] }));
  };
}

/** A script that writes returns 1, or 0 for a conflict. */
export function toWriteResult(reply: unknown): WriteResult {
  return { kind: reply === 1 ? 'written' : 'conflict' };
}
