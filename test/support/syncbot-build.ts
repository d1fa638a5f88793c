import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { killAtTestEnd, type ProgramResult, type RunningProgram, startProgram } from './running-program.ts';

const execFileAsync = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

/** syncbot, compiled into a temporary folder: Node 20 does not run TypeScript, and tests must not touch `dist`. */
export interface SyncbotBuild extends AsyncDisposable {
  /** Contains package.json, node_modules and `dist`, like a checkout after `npm run build`. */
  readonly folder: string;
  /** Runs a program of the build until it exits. */
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<ProgramResult>;
  /** Starts a program of the build. It is killed at the end of the test if it still runs. */
  start(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): RunningProgram;
}

export async function buildSyncbot(): Promise<SyncbotBuild> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-build-'));
  await compile({ project: 'tsconfig.build.json', outputFolder: join(folder, 'dist') });
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const start = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    startProgram(process.execPath, [join(folder, program), ...args], { env: { ...process.env, ...env } });
  return {
    folder,
    run: (program, args, env) => start(program, args, env).exited,
    start: (program, args, env) => killAtTestEnd(start(program, args, env)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface CompileOptions {
  /** A tsconfig file, relative to the root of the repository. */
  readonly project: string;
  readonly outputFolder: string;
  /** Where the compiled `src` lies. Default: the output folder. */
  readonly sourceFolder?: string;
}

/** Compiles without a type check, and copies the Lua scripts beside the modules that read them. */
export async function compile({ project, outputFolder, sourceFolder = outputFolder }: CompileOptions): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const tscArgs = ['-p', project, '--noCheck', '--outDir', outputFolder];
  await execFileAsync(process.execPath, [tsc, ...tscArgs], { cwd: root });
  await execFileAsync(process.execPath, ['scripts/copy-lua.mjs', sourceFolder], { cwd: root });
}
