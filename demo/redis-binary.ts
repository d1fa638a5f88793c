import { execFile } from 'node:child_process';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  findDebianTools,
  findOnPath,
  isExecutable,
  type ProcessEnvironment,
  programFolder,
  unpackDebianPackages,
} from './debian-packages.ts';
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

  const folder = await programFolder('redis', env);
  const cached = await probeUnpacked(folder, 'cache');
  if (cached) return cached;
  const tools = await findDebianTools(env);
  if (!tools) throw notFoundError(platform, env);

  print('No redis-server found: downloading the Debian package (about 1.3 MB, once, without root).');
  try {
    await unpackDebianPackages({
      tools,
      env,
      packages: ['redis-tools', 'libjemalloc2', 'liblzf1'],
      withDependencies: true,
      folder,
      prepare: linkServer,
      isUsable: async (unpackedFolder) => (await probeUnpacked(unpackedFolder, 'debian')) !== undefined,
      signal,
    });
  } catch (cause) {
    throw notFoundError(platform, env, cause);
  }
  const unpacked = await probeUnpacked(folder, 'debian');
  if (!unpacked) throw notFoundError(platform, env, new Error('the unpacked program does not run here'));
  return unpacked;
}

/** Debian ships one program for all tools. The name under which it is started selects the tool. */
async function linkServer(folder: string): Promise<void> {
  const server = join(folder, 'usr/bin/redis-server');
  if (!(await isExecutable(server))) await symlink('redis-check-rdb', server);
}

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
