import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ProgramResult, type RunningProgram, startProgram } from './running-program.ts';

const execFileAsync = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

/** Compiled sources in a temporary folder, with package.json and node_modules. Node 20 does not run TypeScript. */
export interface BuildFolder extends AsyncDisposable {
  readonly folder: string;
}

/** syncbot in `dist`, like a checkout after `npm run build`. */
export interface SyncbotBuild extends BuildFolder {
  /** Runs a program of the build until it exits. */
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<ProgramResult>;
  /** Starts a program of the build. The caller ends it. */
  start(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): RunningProgram;
}

/** Builds this checkout, or the sources of another version in the folder `sources`. */
export async function buildSyncbot(sources = root): Promise<SyncbotBuild> {
  const build = await createBuildFolder();
  await execFileAsync(process.execPath, ['scripts/build.mjs', join(build.folder, 'dist')], { cwd: sources });
  const start = (program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    startProgram(process.execPath, [join(build.folder, program), ...args], {
      // Without a `.env` of the repository.
      cwd: build.folder,
      env: { ...process.env, ...env },
    });
  return {
    ...build,
    run: (program, args, env) => start(program, args, env).exited,
    start,
  };
}

/** Builds the programs of tests that run in their own process. */
export async function buildTestPrograms(): Promise<BuildFolder> {
  const build = await createBuildFolder();
  await execFileAsync(process.execPath, ['scripts/build-test-programs.mjs', build.folder], { cwd: root });
  return build;
}

export interface CompileOptions {
  /** A tsconfig file, relative to the root of the repository. */
  readonly project: string;
  readonly outputFolder: string;
  /** The folder of the compiled `src`. Default: the output folder. */
  readonly sourceFolder?: string;
}

/** Compiles without a type check, and copies the Lua scripts beside the modules that read them. */
export async function compile({ project, outputFolder, sourceFolder = outputFolder }: CompileOptions): Promise<void> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await execFileAsync(process.execPath, [tsc, '-p', project, '--noCheck', '--outDir', outputFolder], { cwd: root });
  await execFileAsync(process.execPath, ['scripts/copy-lua.mjs', sourceFolder], { cwd: root });
}

async function createBuildFolder(): Promise<BuildFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-build-'));
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
