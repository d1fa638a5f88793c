import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Deps } from '../../src/application/deps.ts';
import type { CliApp, OpenCliApp, Role, Shell } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { World } from '../support/world.ts';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  /** What is typed on a terminal; without it there is none. */
  readonly typed?: string;
  readonly signals?: EventEmitter;
  readonly openApp?: OpenCliApp;
}

const noApp: OpenCliApp = () => Promise.reject(new Error('no app was expected here'));

/** Runs the command line in this process and says what came out of it. */
export async function runHere(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, typed, signals = new EventEmitter(), openApp = noApp } = options;
  const [out, err] = [collected(), collected()];
  const stdin = Object.assign(new PassThrough(), { isTTY: typed !== undefined });
  stdin.end(typed ?? '');
  const process = { argv, env, user: 'alice', version: '1.2.3', signals, openApp };
  const shell: Shell = { ...process, stdin, stdout: out.stream, stderr: err.stream };
  return { exit: await runCli(shell), out: out.text(), err: err.text() };
}

function collected() {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream, text: () => chunks.join('') };
}

/** A folder with a syncbot.yml, and the variables that lead to it. */
export async function configFile(yml: string) {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-cli-'));
  const path = join(folder, 'syncbot.yml');
  await writeFile(path, yml);
  return {
    path,
    env: { SYNCBOT_CONFIG: path },
    rewrite: (text: string) => writeFile(path, text),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The command line's app on a test's world, which outlives it. */
export function appOf(
  world: World,
  more: { readonly deps?: Partial<Deps>; readonly runRoles?: CliApp['runRoles'] } = {},
): OpenCliApp {
  const deps = { ...world.deps, ...more.deps };
  return async () => ({
    deps,
    checkSlack: async () => null,
    runRoles: more.runRoles ?? ((_role: Role, _signal: AbortSignal) => Promise.resolve()),
    [Symbol.asyncDispose]: async () => {},
  });
}
