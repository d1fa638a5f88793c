import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { OperationRef } from '../../src/domain/operation.ts';
import * as retryFailedScripts from '../../src/infra/bullmq/retry-failed-scripts.ts';
import { loadScript, type Script } from '../../src/infra/redis/scripts.ts';

/**
 * What counts as a point: every command that a process sends to any Redis for an operation, on all of its connections, from
 * the moment at which it takes the operation's job until it has handed the job back (for the bot: from the press of OK
 * until it has nothing left to send). A command is a point also when several leave in one packet. Not counted is what the
 * process would send without the operation too: waiting for a job (BZPOPMIN), prolonging locks, looking for stalled jobs,
 * and asking for one job more. At each point a process is stopped `before` the command reaches Redis, and `after` Redis
 * has carried it out and before the reply arrives.
 */
export interface CrashPoint {
  readonly label: string;
  readonly when: 'before' | 'after';
}

/** Names a command by what it does, to which key and on which server; the same command again has the next number. Null: no point. */
export type CommandNamer = (args: readonly string[], server: number) => string | null;

/** A namer for one operation, that begins to count now. The names are the same for every project and operation. */
export function createCommandNamer({ project, operation }: OperationRef): CommandNamer {
  const counts = new Map<string, number>();
  let hasTakenJob = false;
  return (args, server) => {
    const { command, keys } = parseCommand(args);
    if (backgroundCommands.has(command)) return null;
    if (command === 'moveToActive') {
      if (hasTakenJob) return null;
      hasTakenJob = true;
    }
    const name = [command, ...keys, `on server ${server + 1}`].join(' ');
    const label = name.replaceAll(operation, '<operation>').replaceAll(project, '<project>');
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    return `${label} #${count}`;
  };
}

/** What a worker of BullMQ sends whether there is a job or not. */
const backgroundCommands: ReadonlySet<string> = new Set(['bzpopmin', 'extendLocks', 'moveStalledJobsToWait']);

function parseCommand(args: readonly string[]): { readonly command: string; readonly keys: readonly string[] } {
  const [first = '', second = ''] = args;
  const command = first.toLowerCase();
  if (command !== 'evalsha' && command !== 'eval') return { command, keys: second === '' ? [] : [second] };
  const sha = command === 'eval' ? sha1(second) : second;
  const keys = args.slice(3, 3 + Number(args[2]));
  return { command: scriptNames.get(sha) ?? `script ${sha.slice(0, 6)}`, keys: keys.slice(0, 1) };
}

/** The bot's own scripts by name: a `.lua` file without its extension, or an exported constant. */
export const botScripts: ReadonlyMap<string, Script> = new Map([
  ...scriptsInFolder(new URL('../../src/infra/redis/lua/', import.meta.url)),
  ...Object.entries(retryFailedScripts).map(([name, script]) => [name.replace(/Script$/, ''), script] as const),
]);

function scriptsInFolder(folder: URL): (readonly [string, Script])[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.lua'));
  return files.map((file) => [file.replace(/\.lua$/, ''), loadScript(new URL(file, folder))]);
}

const bullmqScripts = z.record(z.string(), z.object({ name: z.string(), content: z.string() }));
const scriptNames: ReadonlyMap<string, string> = new Map([
  ...[...botScripts].map(([name, { sha }]) => [sha, name] as const),
  ...bullmqScriptNames(),
]);

/** BullMQ's own, each in a file like `pause-7.js`. */
function bullmqScriptNames(): [string, string][] {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('bullmq')), 'scripts');
  return readdirSync(folder)
    .filter((file) => /-\d+\.js$/.test(file))
    .flatMap((file) => Object.values(bullmqScripts.parse(require(join(folder, file)))))
    .map(({ name, content }) => [sha1(content), name]);
}

function sha1(text: string): string {
  return createHash('sha1').update(text, 'utf8').digest('hex');
}
