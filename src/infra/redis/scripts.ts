import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { RedisClient } from './client.ts';

/** Lua that Redis runs as one atomic step. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function defineScript(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** Reads a script from a `.lua` file. Replaces a line `--- @include "name"` by the file `name.lua` of the same folder. */
export function loadScript(file: URL): Script {
  const lua = readFileSync(file, 'utf8').replaceAll(/^--- @include "([\w-]+)"\r?$/gm, (_line, name: string) =>
    readIncluded(new URL(`${name}.lua`, file)),
  );
  return defineScript(lua);
}

const includedFiles = new Map<string, string>();

/** Reads a file once: most scripts include the same one. */
function readIncluded(file: URL): string {
  const text = includedFiles.get(file.href) ?? readFileSync(file, 'utf8');
  includedFiles.set(file.href, text);
  return text;
}

/** A JSON text. A text that is none is an issue as any other, not an exception. */
export const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});

/** The schema of a script's reply, or of a record, that is a JSON text. */
export function jsonReply<Schema extends z.ZodType>(schema: Schema) {
  return json.pipe(schema);
}

/** Runs a script by its hash. Sends the text if the server does not know it (after a restart or a flush). */
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
