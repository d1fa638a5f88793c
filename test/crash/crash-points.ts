import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { OperationRef } from '../../src/domain/operation.ts';
import { loadScript, type Script } from '../../src/infra/redis/scripts.ts';

/**
 * A command at which a process is stopped. Each command that the process sends to any Redis for an operation is a crash
 * point: for a worker from taking the operation's job until it returns the job, for a bot from the press of OK until its last
 * command. Several commands in one packet are several crash points.
 *
 * Not crash points are the commands that a process sends also without an operation: waiting for a job (BZPOPMIN), extending
 * locks, checking for stalled jobs, and fetching the next job.
 *
 * `before`: the process is stopped before Redis gets the command. `after`: Redis has executed it, and the reply has not arrived.
 */
export interface CrashPoint {
  readonly label: string;
  readonly when: 'before' | 'after';
}

/** Labels a command by its name, key, server and count. Returns null for a command that is no crash point. */
export type CommandNamer = (args: readonly string[], server: number) => string | null;

/** Creates a namer for one operation. Labels are the same for every project and operation. */
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
    const label = name
      .replaceAll(operation, '<operation>')
      .replaceAll(project, '<project>')
      // The id of an operation of a timer contains the end of the pause.
      .replace(/<operation>-\d{13}-/, '<operation>-<end>-')
      .replace(/once:trend:\d+/, 'once:trend:<minute>');
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    return `${label} #${count}`;
  };
}

/** Commands that a BullMQ worker sends with and without a job. */
const backgroundCommands: ReadonlySet<string> = new Set(['bzpopmin', 'extendLocks', 'moveStalledJobsToWait']);

function parseCommand(args: readonly string[]): { readonly command: string; readonly keys: readonly string[] } {
  const [first = '', second = ''] = args;
  const command = first.toLowerCase();
  if (command !== 'evalsha' && command !== 'eval') return { command, keys: second === '' ? [] : [second] };
  const sha = command === 'eval' ? sha1(second) : second;
  const keys = args.slice(3, 3 + Number(args[2]));
  return { command: scriptNames.get(sha) ?? `script ${sha.slice(0, 6)}`, keys: keys.slice(0, 1) };
}

/** The bot's own scripts by the names of their files. */
export const botScripts: ReadonlyMap<string, Script> = new Map([
  ...scriptsInFolder(new URL('../../src/infra/redis/lua/', import.meta.url)),
  ...scriptsInFolder(new URL('../../src/infra/bullmq/lua/', import.meta.url)),
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

/** BullMQ's scripts, each in a file such as `pause-7.js`. */
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
