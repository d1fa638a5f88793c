import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { RedisStartError } from './errors.ts';

const execFileAsync = promisify(execFile);

export interface RedisBinary {
  readonly path: string;
  /** As the program reports it, e.g. `7.0.15`. */
  readonly version: string;
  /** LD_LIBRARY_PATH for a program that was not installed by the system. */
  readonly libraryPath?: string;
  readonly origin: 'path' | 'cache' | 'debian';
}

export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

export interface FindRedisOptions {
  readonly env?: ProcessEnvironment;
  readonly platform?: NodeJS.Platform;
  /** Receives one sentence when a download starts. */
  readonly print?: (sentence: string) => void;
  /** Aborts the download. */
  readonly signal?: AbortSignal;
}

/**
 * Finds a server program of Redis 6.2 or newer (or Valkey): on PATH, else in syncbot's cache folder. Otherwise unpacks the
 * Debian package into the cache folder, which needs no root.
 * @throws {RedisStartError} `redis_not_found`: the message contains the command that installs Redis.
 */
export async function findRedisServer(options: FindRedisOptions = {}): Promise<RedisBinary> {
  // biome-ignore lint/style/noProcessEnv: the default is the PATH of the caller's shell
  const { env = process.env, platform = process.platform, print = () => undefined } = options;
  const { signal = new AbortController().signal } = options;
  for (const name of ['redis-server', 'valkey-server']) {
    const path = await findOnPath(name, env);
    const binary = path && (await probeBinary({ path, origin: 'path' }));
    if (binary) return binary;
  }
  if (platform !== 'linux') throw notFoundError(platform, env);

  const folder = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'syncbot', await cacheName());
  const cached = await probeUnpacked(folder, 'cache');
  if (cached) return cached;
  const [aptGet, dpkg] = await Promise.all([findOnPath('apt-get', env), findOnPath('dpkg', env)]);
  if (!aptGet || !dpkg) throw notFoundError(platform, env);

  print('No redis-server found: downloading the Debian package (about 1.3 MB, once, without root).');
  try {
    await installFromDebian({ aptGet, dpkg, env, folder, signal });
  } catch (cause) {
    throw notFoundError(platform, env, cause);
  }
  const unpacked = await probeUnpacked(folder, 'debian');
  if (!unpacked) throw notFoundError(platform, env, new Error('the unpacked program does not run here'));
  return unpacked;
}

async function findOnPath(name: string, env: ProcessEnvironment): Promise<string | undefined> {
  for (const folder of (env['PATH'] ?? '').split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

async function probeBinary(candidate: Omit<RedisBinary, 'version'>): Promise<RedisBinary | undefined> {
  const { path, libraryPath } = candidate;
  const env = libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath };
  const { stdout } = await execFileAsync(path, ['--version'], { env, timeout: 10_000 }).catch(() => ({ stdout: '' }));
  const [, version, major, minor] = /\bv=((\d+)\.(\d+)[^ ]*)/.exec(stdout) ?? [];
  if (version === undefined || Number(major) * 100 + Number(minor) < 602) return undefined;
  return { ...candidate, version };
}

async function probeUnpacked(folder: string, origin: 'cache' | 'debian'): Promise<RedisBinary | undefined> {
  const path = join(folder, 'usr/bin/redis-server');
  if (!(await isExecutable(path))) return undefined;
  const libraries = await Promise.all(
    ['usr/lib', 'lib'].map(async (parent) => {
      const names = await readdir(join(folder, parent)).catch(() => []);
      return names.filter((name) => name.includes('-linux-')).map((triplet) => join(folder, parent, triplet));
    }),
  );
  return probeBinary({ path, libraryPath: libraries.flat().join(':'), origin });
}

/** One folder per system release: a home folder may be shared by machines, and a program of one release may not run on another. */
async function cacheName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(release)?.[1] ?? 'any';
  return `redis-${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}

interface InstallOptions {
  readonly aptGet: string;
  readonly dpkg: string;
  readonly env: ProcessEnvironment;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Unpacks beside the folder and then renames: the folder is complete or absent, even if two processes do this at once. */
async function installFromDebian({ aptGet, dpkg, env, folder, signal }: InstallOptions): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const partialFolder = await mkdtemp(`${folder}.part-`);
  const workFolder = await mkdtemp(join(tmpdir(), 'syncbot-apt-'));
  try {
    for (const deb of await downloadPackages({ aptGet, env, workFolder, signal }))
      await execFileAsync(dpkg, ['-x', deb, partialFolder], { env });
    // Debian ships one program for all tools. The name under which it is started selects the tool.
    const server = join(partialFolder, 'usr/bin/redis-server');
    if (!(await isExecutable(server))) await symlink('redis-check-rdb', server);
    if (!(await probeUnpacked(partialFolder, 'debian'))) throw new Error('the unpacked program does not run here');
    await moveIntoPlace(partialFolder, folder);
  } finally {
    await Promise.all([partialFolder, workFolder].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function moveIntoPlace(partialFolder: string, folder: string): Promise<void> {
  try {
    await rename(partialFolder, folder);
  } catch {
    if (await probeUnpacked(folder, 'cache')) return; // another process was first
    await rm(folder, { recursive: true, force: true });
    await rename(partialFolder, folder);
  }
}

/** Uses the system's package lists. If they are empty or outdated, downloads the lists into the work folder. */
async function downloadPackages({
  aptGet,
  env,
  workFolder,
  signal,
}: Omit<InstallOptions, 'dpkg' | 'folder'> & { readonly workFolder: string }) {
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
  const apt = (...args: string[]) => execFileAsync(aptGet, args, { env, cwd: debsFolder, timeout: 180_000, signal });

  const downloadWith = async (options: readonly string[]) =>
    apt(...options, 'download', ...(await resolvePackages(apt, options)));
  await downloadWith(systemListOptions).catch(async () => {
    await apt(...ownListOptions, 'update');
    await downloadWith(ownListOptions);
  });
  return (await readdir(debsFolder)).filter((name) => name.endsWith('.deb')).map((name) => join(debsFolder, name));
}

const makeFolder = (path: string) => mkdir(path, { recursive: true });

/** Returns redis-tools and its dependencies that this machine lacks, as apt resolves them. */
async function resolvePackages(apt: (...args: string[]) => Promise<{ stdout: string }>, options: readonly string[]) {
  const requestedPackages = ['redis-tools', 'libjemalloc2', 'liblzf1'];
  const { stdout } = await apt(
    ...options,
    'install',
    '--print-uris',
    '--no-install-recommends',
    '-y',
    ...requestedPackages,
  );
  const resolved = [...stdout.matchAll(/^'[^']+' (\S+\.deb) /gm)].map(([, file = '']) => basename(file).split('_')[0]);
  return [...new Set([...requestedPackages, ...resolved.filter((name) => name !== undefined)])];
}

function notFoundError(platform: NodeJS.Platform, env: ProcessEnvironment, cause?: unknown): RedisStartError {
  const problem = (env['PATH'] ?? '') === '' ? 'PATH is empty' : 'redis-server 6.2 or newer is not on PATH';
  const attempt = cause === undefined ? '' : ' and could not be unpacked from the Debian packages';
  const message = `${problem}${attempt}: install it with \`${installCommand(platform)}\` and try again.`;
  return new RedisStartError('redis_not_found', message, cause);
}

function installCommand(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'brew install redis';
  if (platform === 'win32') return 'wsl sudo apt-get install redis-server';
  return platform === 'linux' ? 'sudo apt-get install redis-server' : 'pkg install redis';
}
