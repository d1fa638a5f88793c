import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { addBaseFiles } from './base-image.ts';
import {
  finalStage,
  lastStep,
  parseDockerfile,
  parseDockerignore,
  type Stage,
  type StepOf,
  stepsOf,
} from './dockerfile.ts';
import { installProduction, root } from './production-install.ts';

const run = promisify(execFile);

/** The files of a Dockerfile's last stage, without those of its base, and what a container is started with. */
export interface Image extends AsyncDisposable {
  /** Where its `/` lies. */
  readonly folder: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
}

export interface ImageSource {
  readonly dockerfile: string;
  readonly dockerignore: string;
  /** Files that are mounted into every container, by their paths there. */
  readonly mounts: Readonly<Record<string, string>>;
}

/**
 * Builds as an engine would, without a base and without a registry: the repository's files as far as .dockerignore lets
 * them through, each RUN line but `npm ci`, whose packages are those that are installed here. Nobody may write
 * into the result.
 */
export async function buildImage({ dockerfile, dockerignore, mounts }: ImageSource): Promise<Image> {
  const lastStage = finalStage(dockerfile);
  const tempFolder = await mkdtemp(join(tmpdir(), 'syncbot-image-'));
  try {
    await chmod(tempFolder, 0o755);
    const isIgnored = parseDockerignore(dockerignore);
    const folderOf = (name: string | null) => join(tempFolder, name ?? 'image');
    for (const stage of parseDockerfile(dockerfile)) await buildStage(stage, { folderOf, isIgnored });
    const folder = folderOf(lastStage.name);
    await addBaseFiles(folder);
    for (const [path, text] of Object.entries(mounts)) await writeFile(join(folder, path), text);
    await run('chmod', ['-R', 'a-w', folder]);
    return {
      folder,
      workdir: lastStep(lastStage, 'workdir')?.text ?? '/',
      env: Object.assign({}, ...stepsOf(lastStage, 'env').map(({ values }) => values)),
      user: lastStep(lastStage, 'user')?.text ?? '0:0',
      entrypoint: lastStep(lastStage, 'entrypoint')?.command ?? [],
      cmd: lastStep(lastStage, 'cmd')?.command ?? [],
      healthcheck: lastStep(lastStage, 'healthcheck')?.command ?? [],
      [Symbol.asyncDispose]: () => removeFolder(tempFolder),
    };
  } catch (error) {
    await removeFolder(tempFolder);
    throw error;
  }
}

interface BuildContext {
  readonly folderOf: (stage: string | null) => string;
  readonly isIgnored: (path: string) => boolean;
}

async function buildStage(stage: Stage, context: BuildContext): Promise<void> {
  const folder = context.folderOf(stage.name);
  let workdir = folder;
  await mkdir(workdir, { recursive: true });
  for (const step of stage.steps) {
    if (step.kind === 'workdir') {
      workdir = join(folder, step.text);
      await mkdir(workdir, { recursive: true });
    }
    if (step.kind === 'copy') await copyStep(step, workdir, context);
    if (step.kind === 'run') await runCommand(step.text, workdir);
  }
}

async function copyStep({ from, sources, target }: StepOf<'copy'>, workdir: string, context: BuildContext) {
  for (const source of sources) {
    if (from === null && context.isIgnored(source)) throw new Error(`${source} is left out by .dockerignore`);
    const path = join(from === null ? root : context.folderOf(from), source);
    // The content of a folder, or a file into the folder: every target here is a folder.
    const isFile = basename(path).includes('.');
    const to = isFile ? join(workdir, target, basename(path)) : join(workdir, target);
    await mkdir(dirname(to), { recursive: true });
    await cp(path, to, { recursive: true, verbatimSymlinks: true });
  }
}

/** `npm ci` alone is not run: it would need a registry. */
async function runCommand(line: string, workdir: string): Promise<void> {
  if (!/^npm ci\b/.test(line)) {
    await run('sh', ['-c', line], { cwd: workdir });
    return;
  }
  const flags = new Set(line.split(/\s+/).slice(2));
  if (flags.has('--omit=dev') && flags.has('--omit=optional')) await installProduction(workdir);
  else await symlink(join(root, 'node_modules'), join(workdir, 'node_modules'));
}

async function removeFolder(tempFolder: string): Promise<void> {
  await run('chmod', ['-R', 'u+w', tempFolder]);
  await rm(tempFolder, { recursive: true, force: true });
}

export const readRepositoryFile = (path: string) => readFile(join(root, path), 'utf8');

/** Every file of the image with what a write would change: size, permissions, time. */
export async function listFiles({ folder }: Image): Promise<readonly string[]> {
  const paths = await readdir(folder, { recursive: true });
  const lines = paths.map(async (path) => {
    const { size, mode, mtimeMs } = await lstat(join(folder, path));
    return `${path} ${size} ${mode} ${mtimeMs}`;
  });
  return (await Promise.all(lines)).sort();
}
