import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import {
  killAtTestEnd,
  type ProgramResult,
  type RunningProgram,
  startProgram,
  waitForOutput,
} from '../support/running-program.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

/** syncbot, compiled into a folder of its own: Node 20 runs no TypeScript, and `dist` belongs to whoever builds. */
export interface SyncbotBuild extends AsyncDisposable {
  /** Where it lies; the programs are below `dist`. */
  readonly folder: string;
  /** Runs a program of the build to its end. */
  execFileAsync(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<ProgramResult>;
  /** Starts a program of the build, killed at the end of the test if it still runs. */
  launch(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): RunningProgram;
  /** Starts the demo on a port, with a folder for temporary files that nobody else uses. */
  startDemo(port: number): Promise<DemoProcess>;
}

export interface DemoProcess extends RunningProgram {
  /** Resolves when it has said that everything runs; throws when it ends before. */
  waitUntilReady(): Promise<void>;
  /** Files and processes that it has left behind. */
  leftovers(): Promise<string[]>;
}

export async function buildSyncbot(): Promise<SyncbotBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-built-'));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  for (const [project, outDir] of [
    ['tsconfig.build.json', 'dist'],
    ['demo/tsconfig.json', 'dist-demo'],
  ] as const) {
    await run(process.execPath, [tsc, '-p', project, '--noCheck', '--outDir', join(folder, outDir)], { cwd: root });
  }
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    execFileAsync: (program, args, env = {}) => startNode([join(folder, program), ...args], env).exited,
    launch: (program, args, env = {}) => killAtTestEnd(startNode([join(folder, program), ...args], env)),
    async startDemo(port) {
      const tempFolder = await mkdtemp(join(tmpdir(), 'syncbot-test-'));
      const demo = startNode([join(folder, 'dist-demo/demo/main.js')], {
        DEMO_SLACK_PORT: String(port),
        TMPDIR: tempFolder,
      });
      onTestFinished(async () => {
        demo.kill('SIGKILL');
        await waitFor(async () => (await leftovers(tempFolder)).length === 0, { description: 'the end of the demo' });
        await rm(tempFolder, { recursive: true, force: true });
      });
      return {
        ...demo,
        waitUntilReady: () => waitForOutput(demo, 'Ctrl-C ends everything'),
        leftovers: () => leftovers(tempFolder),
      };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const startNode = (args: readonly string[], env: NodeJS.ProcessEnv) =>
  startProgram(process.execPath, args, { env: { ...process.env, ...env } });

/** Everything in the folder, and every process that names it: the demo's Redis and local Slack keep their files there. */
async function leftovers(tempFolder: string): Promise<string[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return [...(await readdir(tempFolder)), ...commands.filter((command) => command.includes(tempFolder))];
}
