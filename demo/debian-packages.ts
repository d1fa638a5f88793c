import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export async function findOnPath(name: string, env: ProcessEnvironment): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/**
 * The folder for a program in syncbot's cache. One per system release: a home folder may be shared by machines, and a program
 * of one release may not run on another.
 */
export async function programFolder(program: string, env: ProcessEnvironment): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(release)?.[1] ?? 'any';
  const name = `${program}-${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'syncbot', name);
}

export interface DebianTools {
  readonly aptGet: string;
  readonly dpkg: string;
}

/** Returns undefined on a system without Debian packages. */
export async function findDebianTools(env: ProcessEnvironment): Promise<DebianTools | undefined> {
  const [aptGet, dpkg] = await Promise.all([findOnPath('apt-get', env), findOnPath('dpkg', env)]);
  return aptGet !== undefined && dpkg !== undefined ? { aptGet, dpkg } : undefined;
}

export interface UnpackOptions {
  readonly tools: DebianTools;
  readonly env: ProcessEnvironment;
  readonly packages: readonly string[];
  /** Whether to unpack the dependencies that this machine lacks as well, as apt resolves them. */
  readonly withDependencies: boolean;
  /** The folder that the packages are unpacked into, such as one of `programFolder`. */
  readonly folder: string;
  /** Changes the unpacked files before they get into place. */
  readonly prepare?: (folder: string) => Promise<void>;
  /** Whether the folder contains a program that runs here. */
  readonly isUsable: (folder: string) => Promise<boolean>;
  /** Aborts the download. */
  readonly signal?: AbortSignal;
}

/**
 * Unpacks Debian packages into a folder, which needs no root. Unpacks beside the folder and then renames: the folder is
 * complete or absent, even if two processes do this at once.
 */
export async function unpackDebianPackages(options: UnpackOptions): Promise<void> {
  const { tools, env, folder, prepare = async () => undefined, isUsable } = options;
  await mkdir(join(folder, '..'), { recursive: true });
  const partialFolder = await mkdtemp(`${folder}.part-`);
  const workFolder = await mkdtemp(join(tmpdir(), 'syncbot-apt-'));
  try {
    for (const deb of await downloadPackages(options, workFolder))
      await execFileAsync(tools.dpkg, ['-x', deb, partialFolder], { env });
    await prepare(partialFolder);
    if (!(await isUsable(partialFolder))) throw new Error('the unpacked program does not run here');
    await moveIntoPlace(partialFolder, folder, isUsable);
  } finally {
    await Promise.all([partialFolder, workFolder].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function moveIntoPlace(
  partialFolder: string,
  folder: string,
  isUsable: UnpackOptions['isUsable'],
): Promise<void> {
  try {
    await rename(partialFolder, folder);
  } catch {
    if (await isUsable(folder)) return; // another process was first
    await rm(folder, { recursive: true, force: true });
    await rename(partialFolder, folder);
  }
}

type Apt = (...args: string[]) => Promise<{ readonly stdout: string }>;

/** Uses the system's package lists. If they are empty or outdated, downloads the lists into the work folder. */
async function downloadPackages(options: UnpackOptions, workFolder: string): Promise<string[]> {
  const { tools, env, packages, withDependencies, signal = new AbortController().signal } = options;
  const listsFolder = join(workFolder, 'lists');
  const debsFolder = join(workFolder, 'debs');
  await Promise.all(
    [join(listsFolder, 'partial'), join(workFolder, 'cache/archives/partial'), debsFolder].map(makeFolder),
  );
  const common = ['-q', `Dir::Cache=${join(workFolder, 'cache')}`, 'APT::Sandbox::User=root', 'Debug::NoLocking=1'];
  const limits = ['Acquire::Retries=1', 'Acquire::http::Timeout=20', 'Acquire::https::Timeout=20'];
  const systemListOptions = [...common, ...limits].flatMap((option) =>
    option.startsWith('-') ? [option] : ['-o', option],
  );
  const ownListOptions = [...systemListOptions, '-o', `Dir::State::lists=${listsFolder}`];
  const apt: Apt = (...args) => execFileAsync(tools.aptGet, args, { env, cwd: debsFolder, timeout: 180_000, signal });

  const downloadWith = async (listOptions: readonly string[]) => {
    const dependencies = withDependencies ? await resolveDependencies(apt, listOptions, packages) : [];
    await apt(...listOptions, 'download', ...new Set([...packages, ...dependencies]));
  };
  await downloadWith(systemListOptions).catch(async () => {
    await apt(...ownListOptions, 'update');
    await downloadWith(ownListOptions);
  });
  return (await readdir(debsFolder)).filter((name) => name.endsWith('.deb')).map((name) => join(debsFolder, name));
}

const makeFolder = (path: string) => mkdir(path, { recursive: true });

/** Returns the packages that apt would download for these ones: those that this machine lacks. */
async function resolveDependencies(apt: Apt, listOptions: readonly string[], packages: readonly string[]) {
  const { stdout } = await apt(...listOptions, 'install', '--print-uris', '--no-install-recommends', '-y', ...packages);
  const files = [...stdout.matchAll(/^'[^']+' (\S+\.deb) /gm)].map(([, file = '']) => basename(file));
  return files.flatMap((file) => file.split('_')[0] ?? []);
}
