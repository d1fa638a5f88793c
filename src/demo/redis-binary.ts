import { execFile } from 'node:child_process';
import { access, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { RedisFault } from './redis-fault.ts';

const run = promisify(execFile);

export interface RedisBinary {
  readonly path: string;
  /** As the program says it, e.g. `7.0.15`. */
  readonly version: string;
  /** Where its libraries are when they are not the system's; set as LD_LIBRARY_PATH. */
  readonly libraryPath?: string;
  readonly origin: 'path' | 'cache' | 'debian';
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface FindOptions {
  readonly env?: Environment;
  readonly platform?: NodeJS.Platform;
  /** Told one sentence when something slow begins. */
  readonly say?: (sentence: string) => void;
  /** Aborted when it is not wanted any more. */
  readonly signal?: AbortSignal;
}

/**
 * A server program of Redis 6.2 or newer (or Valkey): from PATH, else from syncbot's cache folder, else unpacked there
 * from Debian's packages, which needs no root.
 * @throws {RedisFault} `redis_not_found`: one sentence with the command that installs it.
 */
export async function findRedisServer(options: FindOptions = {}): Promise<RedisBinary> {
  // biome-ignore lint/style/noProcessEnv: programs are looked for where the caller's shell would
  const { env = process.env, platform = process.platform, say = () => undefined } = options;
  const { signal = new AbortController().signal } = options;
  for (const name of ['redis-server', 'valkey-server']) {
    const path = await onPath(name, env);
    const binary = path && (await probe({ path, origin: 'path' }));
    if (binary) return binary;
  }
  if (platform !== 'linux') throw notFound(platform, env);

  const folder = join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'syncbot', await cacheName());
  const cached = await probeUnpacked(folder, 'cache');
  if (cached) return cached;
  const [aptGet, dpkg] = await Promise.all([onPath('apt-get', env), onPath('dpkg', env)]);
  if (!aptGet || !dpkg) throw notFound(platform, env);

  say('No redis-server found: getting one from the Debian packages (about 1.3 MB, once, without root).');
  try {
    await obtain({ aptGet, dpkg, env, folder, signal });
  } catch (cause) {
    throw notFound(platform, env, cause);
  }
  const unpacked = await probeUnpacked(folder, 'debian');
  if (!unpacked) throw notFound(platform, env, new Error('the unpacked program does not run here'));
  return unpacked;
}

async function onPath(name: string, env: Environment): Promise<string | undefined> {
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

async function probe(candidate: Omit<RedisBinary, 'version'>): Promise<RedisBinary | undefined> {
  const { path, libraryPath } = candidate;
  const env = libraryPath === undefined ? {} : { LD_LIBRARY_PATH: libraryPath };
  const { stdout } = await run(path, ['--version'], { env, timeout: 10_000 }).catch(() => ({ stdout: '' }));
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
  return probe({ path, libraryPath: libraries.flat().join(':'), origin });
}

/** What was unpacked for one release may not run on another, and a home folder may be shared by both. */
async function cacheName(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const field = (name: string) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(release)?.[1] ?? 'any';
  return `redis-${field('ID')}-${field('VERSION_ID')}-${process.arch}`;
}

interface Apt {
  readonly aptGet: string;
  readonly dpkg: string;
  readonly env: Environment;
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** Unpacks beside the folder and renames, so that the folder is whole or absent also when two processes do this at once. */
async function obtain({ aptGet, dpkg, env, folder, signal }: Apt): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true });
  const beside = await mkdtemp(`${folder}.part-`);
  const work = await mkdtemp(join(tmpdir(), 'syncbot-apt-'));
  try {
    for (const deb of await download({ aptGet, env, work, signal })) await run(dpkg, ['-x', deb, beside], { env });
    // One program under several names: what it was started as decides what it is.
    const server = join(beside, 'usr/bin/redis-server');
    if (!(await isExecutable(server))) await symlink('redis-check-rdb', server);
    if (!(await probeUnpacked(beside, 'debian'))) throw new Error('the unpacked program does not run here');
    await putInPlace(beside, folder);
  } finally {
    await Promise.all([beside, work].map((path) => rm(path, { recursive: true, force: true })));
  }
}

async function putInPlace(beside: string, folder: string): Promise<void> {
  try {
    await rename(beside, folder);
  } catch {
    if (await probeUnpacked(folder, 'cache')) return; // another process was first
    await rm(folder, { recursive: true, force: true });
    await rename(beside, folder);
  }
}

/** Tries the system's package lists first; when they are empty or too old, fetches lists of its own. */
async function download({ aptGet, env, work, signal }: Omit<Apt, 'dpkg' | 'folder'> & { readonly work: string }) {
  const lists = join(work, 'lists');
  const debs = join(work, 'debs');
  await Promise.all([join(lists, 'partial'), join(work, 'cache/archives/partial'), debs].map(makeFolder));
  const common = ['-q', `Dir::Cache=${join(work, 'cache')}`, 'APT::Sandbox::User=root', 'Debug::NoLocking=1'];
  const limits = ['Acquire::Retries=1', 'Acquire::http::Timeout=20', 'Acquire::https::Timeout=20'];
  const system = [...common, ...limits].flatMap((option) => (option.startsWith('-') ? [option] : ['-o', option]));
  const own = [...system, '-o', `Dir::State::lists=${lists}`];
  const apt = (...args: string[]) => run(aptGet, args, { env, cwd: debs, timeout: 180_000, signal });

  const get = async (options: readonly string[]) => apt(...options, 'download', ...(await packages(apt, options)));
  await get(system).catch(async () => {
    await apt(...own, 'update');
    await get(own);
  });
  return (await readdir(debs)).filter((name) => name.endsWith('.deb')).map((name) => join(debs, name));
}

const makeFolder = (path: string) => mkdir(path, { recursive: true });

/** redis-tools and those of its dependencies that this machine lacks, as apt itself resolves them. */
async function packages(apt: (...args: string[]) => Promise<{ stdout: string }>, options: readonly string[]) {
  const wanted = ['redis-tools', 'libjemalloc2', 'liblzf1'];
  const { stdout } = await apt(...options, 'install', '--print-uris', '--no-install-recommends', '-y', ...wanted);
  const resolved = [...stdout.matchAll(/^'[^']+' (\S+\.deb) /gm)].map(([, file = '']) => basename(file).split('_')[0]);
  return [...new Set([...wanted, ...resolved.filter((name) => name !== undefined)])];
}

function notFound(platform: NodeJS.Platform, env: Environment, cause?: unknown): RedisFault {
  const where = (env['PATH'] ?? '') === '' ? 'PATH is empty' : 'redis-server 6.2 or newer is not on PATH';
  const tried = cause === undefined ? '' : ' and could not be unpacked from the Debian packages';
  const sentence = `${where}${tried}: install it with \`${installCommand(platform)}\` and try again.`;
  return new RedisFault('redis_not_found', sentence, cause);
}

function installCommand(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return 'brew install redis';
  if (platform === 'win32') return 'wsl sudo apt-get install redis-server';
  return platform === 'linux' ? 'sudo apt-get install redis-server' : 'pkg install redis';
}
