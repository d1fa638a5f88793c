import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { CliApp, CreateCliApp, OpenLinks, OpenSlackSetup, ReadProjectIds, Role } from '../../src/cli/cli-app.ts';
import type { ProcessIo } from '../../src/cli/process-io.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { TestServices } from '../support/test-services.ts';

export interface CliResult {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface CliRunOptions {
  readonly env?: Record<string, string>;
  /** The current folder. Default: one that does not exist, so without `.env`. */
  readonly folder?: string;
  /** What the user types. Without it there is no terminal. */
  readonly terminalInput?: string;
  /** The size of the terminal that shows stdout. Without it stdout is a pipe. */
  readonly terminal?: TerminalSize;
  /** Replaces stdin, for keys that are pressed while the command runs. */
  readonly stdin?: ProcessIo['stdin'];
  readonly signals?: EventEmitter;
  readonly openApp?: CreateCliApp;
  /** Default: this checkout. */
  readonly packageFolder?: URL;
}

const openLinks: OpenLinks = async (options) => (await import('../../src/app.ts')).openLinks(options);
const openSlackSetup: OpenSlackSetup = async (options) => (await import('../../src/app.ts')).openSlackSetup(options);
const readProjectIds: ReadProjectIds = async (options) =>
  (await import('../../src/project-ids.ts')).readProjectIds(options);
const checkout = new URL('../..', import.meta.url);
const rejectOpenApp: CreateCliApp = () => Promise.reject(new Error('the command must not create an app'));

/** A command that runs. `out` and `err` return its output so far. */
export interface RunningCli {
  readonly out: () => string;
  readonly err: () => string;
  readonly stdout: PassThrough;
  readonly ended: Promise<CliResult>;
}

/** Runs the command line in this process. Returns its exit code and its output. */
export function runCliInProcess(argv: readonly string[], options: CliRunOptions = {}): Promise<CliResult> {
  return startCliInProcess(argv, options).ended;
}

export function startCliInProcess(argv: readonly string[], options: CliRunOptions = {}): RunningCli {
  const {
    env = {},
    folder = '/nonexistent',
    terminalInput,
    terminal,
    signals = new EventEmitter(),
    openApp = rejectOpenApp,
    packageFolder = checkout,
  } = options;
  const [out, err] = [collectOutput(), collectOutput()];
  if (terminal !== undefined) Object.assign(out.stream, { isTTY: true, ...terminal });
  const typed = Object.assign(new PassThrough(), { isTTY: terminalInput !== undefined });
  typed.end(terminalInput ?? '');
  const { stdin = typed } = options;
  const process = { env, folder, user: 'alice', version: '1.2.3', packageFolder, signals };
  const invocation = { argv, ...process, createApp: openApp, openLinks, openSlackSetup, readProjectIds };
  const processIo: ProcessIo = { ...invocation, stdin, stdout: out.stream, stderr: err.stream };
  const ended = runCli(processIo).then((exit) => ({ exit, out: out.text(), err: err.text() }));
  return { out: out.text, err: err.text, stdout: out.stream, ended };
}

function collectOutput() {
  const stream = new PassThrough();
  const chunks: string[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { stream, text: () => chunks.join('') };
}

/** Writes a syncbot.yml to a new folder. Returns the environment that names it. */
export async function writeConfigFile(yml: string) {
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

/** The app of the command line on top of test services. Disposing the app does not dispose the services. */
export function openAppOn(
  services: TestServices,
  overrides: { readonly context?: Partial<UseCaseContext>; readonly runRoles?: CliApp['runRole'] } = {},
): CreateCliApp {
  const context = { ...services.context, ...overrides.context };
  return async () => ({
    useCaseContext: context,
    useStoredConfiguration: async () => {},
    trace: (_command, run) => run(),
    checkSlack: async () => null,
    runRole: overrides.runRoles ?? ((_role: Role, _signal: AbortSignal) => Promise.resolve()),
    [Symbol.asyncDispose]: async () => {},
  });
}
