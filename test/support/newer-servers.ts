import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type DebianTools,
  findDebianTools,
  isExecutable,
  type ProcessEnvironment,
  programFolder,
  unpackDebianPackages,
} from '../../demo/debian-packages.ts';
import type { RedisBinary } from '../../demo/redis-binary.ts';

const execFileAsync = promisify(execFile);

/** Debian ships one program for all tools. The name under which it is started selects the tool. */
const programs = {
  redis: { packageName: 'redis-tools', program: 'redis-check-rdb', startedAs: 'redis-server' },
  valkey: { packageName: 'valkey-tools', program: 'valkey-check-rdb', startedAs: 'valkey-server' },
} as const;
export type NewerServer = keyof typeof programs;

/** What they need beside the packages of a minimal system, with the C library: a server of Debian 13 does not run with an older one. */
const libraries = [
  ...['libc6', 'libatomic1', 'libjemalloc2', 'liblzf1', 'libssl3t64', 'libstdc++6', 'libgcc-s1'],
  ...['libsystemd0', 'libcap2', 'libzstd1'],
];
const release = 'trixie';

/**
 * Finds Redis 8 or Valkey 8, from the packages of Debian 13, in syncbot's cache folder. Otherwise unpacks them there, which
 * needs no root and changes nothing on this system. It runs on older systems too, because it has its own C library.
 * @throws if they cannot be downloaded: a test without its server must fail.
 */
export async function findNewerServer(name: NewerServer, env: ProcessEnvironment = process.env): Promise<RedisBinary> {
  const { packageName, startedAs } = programs[name];
  const folder = await programFolder(`${name}-${release}`, env);
  const path = join(folder, startedAs);
  if (!(await isExecutable(path))) await unpack(name, folder, env);
  const { stdout } = await execFileAsync(path, ['--version'], { timeout: 10_000 });
  const version = /\bv=(\S+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${packageName} does not run here: ${stdout}`);
  return { path, version, origin: 'debian' };
}

async function unpack(name: NewerServer, folder: string, env: ProcessEnvironment): Promise<void> {
  const { packageName, program, startedAs } = programs[name];
  const tools = await findDebianTools(env);
  if (tools === undefined) throw new Error('this test needs apt-get and dpkg, or the server in the cache folder');
  const sources = await mkdtemp(join(tmpdir(), 'syncbot-sources-'));
  const aptConfig = join(sources, 'apt.conf');
  await mkdir(join(sources, 'parts'));
  await writeFile(
    join(sources, 'sources.list'),
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${await findMirror(tools)} ${release} main\n`,
  );
  await writeFile(
    aptConfig,
    `Dir::Etc::sourcelist "${sources}/sources.list";\nDir::Etc::sourceparts "${sources}/parts";\n`,
  );
  try {
    await unpackDebianPackages({
      tools,
      env: { ...env, APT_CONFIG: aptConfig },
      packages: [packageName, ...libraries],
      withDependencies: false,
      folder,
      prepare: (unpacked) => writeLauncher({ unpacked, folder, program, startedAs }),
      isUsable: (unpacked) => isExecutable(join(unpacked, startedAs)),
    });
  } finally {
    await rm(sources, { recursive: true, force: true });
  }
}

/** Finds the mirror from which this system gets its own release: it has the newer one, too. */
async function findMirror({ aptGet }: DebianTools): Promise<string> {
  const args = ['indextargets', '--no-release-info', '--format', '$(RELEASE) $(SITE)', 'Created-By: Packages'];
  const { stdout } = await execFileAsync(aptGet, args);
  // Updates have a release such as `bookworm-updates`.
  const site = /^[a-z]+ (\S+)$/m.exec(stdout)?.[1];
  if (site === undefined) throw new Error('apt-get has no source of packages: this test needs one');
  return site;
}

interface LauncherOptions {
  /** Where the packages are now. */
  readonly unpacked: string;
  /** Where they will be. */
  readonly folder: string;
  readonly program: string;
  readonly startedAs: string;
}

/** Writes a script that starts the server with the libraries of its own release. */
async function writeLauncher({ unpacked, folder, program, startedAs }: LauncherOptions): Promise<void> {
  const triplets = await readdir(join(unpacked, 'usr/lib'));
  const triplet = triplets.find((entry) => entry.endsWith('-linux-gnu')) ?? '';
  const files = await readdir(join(unpacked, 'usr/lib', triplet));
  const loader = files.find((file) => /^ld-linux.*\.so\.\d+$/.test(file)) ?? '';
  const lib = join(folder, 'usr/lib', triplet);
  const command = `'${lib}/${loader}' --library-path '${lib}' --argv0 ${startedAs} '${folder}/usr/bin/${program}' "$@"`;
  const path = join(unpacked, startedAs);
  await writeFile(path, `#!/bin/sh\nexec ${command}\n`);
  await chmod(path, 0o755);
}
