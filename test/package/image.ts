import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { addBase } from './base.ts';
import { installProduction, root } from './closure.ts';
import {
  imageStage,
  lastOf,
  readDockerfile,
  readDockerignore,
  type Stage,
  type StepOf,
  stepsOf,
} from './dockerfile.ts';

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
  const last = imageStage(dockerfile);
  const work = await mkdtemp(join(tmpdir(), 'syncbot-image-'));
  try {
    await chmod(work, 0o755);
    const isIgnored = readDockerignore(dockerignore);
    const folderOf = (name: string | null) => join(work, name ?? 'image');
    for (const stage of readDockerfile(dockerfile)) await buildStage(stage, { folderOf, isIgnored });
    const folder = folderOf(last.name);
    await addBase(folder);
    for (const [path, text] of Object.entries(mounts)) await writeFile(join(folder, path), text);
    await run('chmod', ['-R', 'a-w', folder]);
    return {
      folder,
      workdir: lastOf(last, 'workdir')?.text ?? '/',
      env: Object.assign({}, ...stepsOf(last, 'env').map(({ values }) => values)),
      user: lastOf(last, 'user')?.text ?? '0:0',
      entrypoint: lastOf(last, 'entrypoint')?.command ?? [],
      cmd: lastOf(last, 'cmd')?.command ?? [],
      healthcheck: lastOf(last, 'healthcheck')?.command ?? [],
      [Symbol.asyncDispose]: () => remove(work),
    };
  } catch (error) {
    await remove(work);
    throw error;
  }
}

interface Place {
  readonly folderOf: (stage: string | null) => string;
  readonly isIgnored: (path: string) => boolean;
}

async function buildStage(stage: Stage, place: Place): Promise<void> {
  const folder = place.folderOf(stage.name);
  let workdir = folder;
  await mkdir(workdir, { recursive: true });
  for (const step of stage.steps) {
    if (step.kind === 'workdir') {
      workdir = join(folder, step.text);
      await mkdir(workdir, { recursive: true });
    }
    if (step.kind === 'copy') await copy(step, workdir, place);
    if (step.kind === 'run') await runLine(step.text, workdir);
  }
}

async function copy({ from, sources, target }: StepOf<'copy'>, workdir: string, place: Place) {
  for (const source of sources) {
    if (from === null && place.isIgnored(source)) throw new Error(`${source} is left out by .dockerignore`);
    const path = join(from === null ? root : place.folderOf(from), source);
    // The content of a folder, or a file into the folder: every target here is a folder.
    const isFile = basename(path).includes('.');
    const to = isFile ? join(workdir, target, basename(path)) : join(workdir, target);
    await mkdir(dirname(to), { recursive: true });
    await cp(path, to, { recursive: true, verbatimSymlinks: true });
  }
}

/** `npm ci` alone is not run: it would need a registry. */
async function runLine(line: string, workdir: string): Promise<void> {
  if (!/^npm ci\b/.test(line)) {
    await run('sh', ['-c', line], { cwd: workdir });
    return;
  }
  const flags = new Set(line.split(/\s+/).slice(2));
  if (flags.has('--omit=dev') && flags.has('--omit=optional')) await installProduction(workdir);
  else await symlink(join(root, 'node_modules'), join(workdir, 'node_modules'));
}

async function remove(work: string): Promise<void> {
  await run('chmod', ['-R', 'u+w', work]);
  await rm(work, { recursive: true, force: true });
}

export const readRepository = (path: string) => readFile(join(root, path), 'utf8');

/** Every file of the image with what a write would change: size, permissions, time. */
export async function listing({ folder }: Image): Promise<readonly string[]> {
  const paths = await readdir(folder, { recursive: true });
  const lines = paths.map(async (path) => {
    const { size, mode, mtimeMs } = await lstat(join(folder, path));
    return `${path} ${size} ${mode} ${mtimeMs}`;
  });
  return (await Promise.all(lines)).sort();
}
