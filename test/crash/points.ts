import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { OperationRef } from '../../src/domain/operation.ts';
import * as putBackScripts from '../../src/infra/bullmq/put-back-scripts.ts';
import * as operationScripts from '../../src/infra/redis/operation-scripts.ts';
import * as projectScripts from '../../src/infra/redis/project-scripts.ts';

/**
 * What counts as a point: every command that a process sends to any Redis for an operation, on all of its connections, from
 * the moment at which it takes the operation's job until it has handed the job back (for the bot: from the press of OK
 * until it has nothing left to send). A command is a point also when several leave in one packet. Not counted is what the
 * process would send without the operation too: waiting for a job (BZPOPMIN), prolonging locks, looking for stalled jobs,
 * and asking for one job more. At each point a process is stopped `before` the command reaches Redis, and `after` Redis
 * has carried it out and before the reply arrives.
 */
export interface Point {
  readonly label: string;
  readonly when: 'before' | 'after';
}

/** Names a command by what it does, to which key and on which server; the same command again has the next number. Null: no point. */
export type Namer = (args: readonly string[], server: number) => string | null;

/** A namer for one operation, that begins to count now. The names are the same for every project and operation. */
export function namerOf({ project, operation }: OperationRef): Namer {
  const seen = new Map<string, number>();
  let taken = false;
  return (args, server) => {
    const { command, keys } = read(args);
    if (inBackground.has(command)) return null;
    if (command === 'moveToActive') {
      if (taken) return null;
      taken = true;
    }
    const words = [command, ...keys, `on server ${server + 1}`].join(' ');
    const name = words.replaceAll(operation, '<operation>').replaceAll(project, '<project>');
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return `${name} #${count}`;
  };
}

/** What a worker of BullMQ sends whether there is a job or not. */
const inBackground: ReadonlySet<string> = new Set(['bzpopmin', 'extendLocks', 'moveStalledJobsToWait']);

function read(args: readonly string[]): { readonly command: string; readonly keys: readonly string[] } {
  const [first = '', second = ''] = args;
  const command = first.toLowerCase();
  if (command !== 'evalsha' && command !== 'eval') return { command, keys: second === '' ? [] : [second] };
  const sha = command === 'eval' ? shaOf(second) : second;
  const keys = args.slice(3, 3 + Number(args[2]));
  return { command: scriptNames.get(sha) ?? `script ${sha.slice(0, 6)}`, keys: keys.slice(0, 1) };
}

/** The bot's scripts that a module exports, by the names of their constants. */
export const ownScripts = { ...operationScripts, ...projectScripts, ...putBackScripts };

const bullmqScripts = z.record(z.string(), z.object({ name: z.string(), content: z.string() }));
const scriptNames: ReadonlyMap<string, string> = new Map([...namedScripts(), ...scriptsOfBullmq()]);

function namedScripts(): [string, string][] {
  return Object.entries(ownScripts).map(([name, { sha }]) => [sha, name.replace(/Script$/, '')]);
}

/** BullMQ's own, each in a file like `pause-7.js`. */
function scriptsOfBullmq(): [string, string][] {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('bullmq')), 'scripts');
  return readdirSync(folder)
    .filter((file) => /-\d+\.js$/.test(file))
    .flatMap((file) => Object.values(bullmqScripts.parse(require(join(folder, file)))))
    .map(({ name, content }) => [shaOf(content), name]);
}

function shaOf(text: string): string {
  return createHash('sha1').update(text, 'utf8').digest('hex');
}
