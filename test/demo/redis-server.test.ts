import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findRedisServer } from '../../demo/redis-binary.ts';
import { startRedisServer } from '../../demo/redis-server.ts';
import { compile } from '../support/syncbot-build.ts';
import { sharedRedisUrl, startTestRedis, uniqueName } from '../support/test-redis.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function client(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined);
  onTestFinished(() => redis.disconnect());
  return redis;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe('startRedisServer', () => {
  test('starts a server that answers, and removes the server and its data after `await using`', async () => {
    let pid: number;
    let folder: string | undefined;
    {
      await using server = await startRedisServer();
      pid = server.pid;
      const redis = client(server.url);
      expect(await redis.ping()).toBe('PONG');
      expect(await redis.config('GET', 'maxmemory-policy')).toContain('noeviction');
      expect(await redis.config('GET', 'bind')).toContain('127.0.0.1');
      folder = ((await redis.config('GET', 'dir')) as string[])[1];
      expect(await exists(folder ?? '')).toBe(true);
    }
    expect(isRunning(pid)).toBe(false);
    expect(await exists(folder ?? '')).toBe(false);
  });

  test('stops a server twice, and a server that was killed or suspended', async () => {
    await using killed = await startTestRedis();
    expect(killed.kill('SIGKILL')).toBe(true);
    await killed.exited;
    expect(killed.kill('SIGTERM')).toBe(false);
    await killed.stop();
    await using suspended = await startTestRedis();
    expect(suspended.kill('SIGSTOP')).toBe(true);
    await suspended.stop();
    await suspended.stop();
    expect(isRunning(suspended.pid)).toBe(false);
  });

  test('keeps the data in a given folder, and listens on a given port', async () => {
    const dir = await temporaryFolder();
    const args = ['--appendonly', 'yes', '--appendfsync', 'always'];
    const first = await startRedisServer({ dir, args });
    await client(first.url).set('kept', 'yes');
    await first.stop();
    await using second = await startRedisServer({ dir, args, port: first.port });
    expect(second.port).toBe(first.port);
    expect(await client(second.url).get('kept')).toBe('yes');
  });

  test('throws one sentence for a taken port', async () => {
    await using server = await startTestRedis();
    await expect(startRedisServer({ port: server.port })).rejects.toMatchObject({
      code: 'redis_port_taken',
      message: `Redis did not start: port ${server.port} is already in use.`,
    });
  });

  test('throws one sentence for an unknown option', async () => {
    await expect(startRedisServer({ args: ['--no-such-option', 'x'] })).rejects.toMatchObject({
      code: 'redis_not_started',
      message: expect.stringMatching(/^Redis did not start: [^\n]+$/),
    });
  });

  test('a SIGKILL of the parent process ends the server and removes its temporary folder', async () => {
    const parent = spawn(process.execPath, [await writeParentProgram()], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = await once(createInterface(parent.stdout), 'line');
    const { pid, url } = JSON.parse(line) as { pid: number; url: string };
    const dir = ((await client(url).config('GET', 'dir')) as string[])[1] ?? '';
    expect(await exists(dir)).toBe(true);

    parent.kill('SIGKILL');
    await waitFor(() => !isRunning(pid), { description: 'the end of the server' });
    await waitFor(async () => !(await exists(dir)), { description: 'the removal of its folder' });
  });

  test('the server does not keep its parent process alive, and ends with it', async () => {
    const { stdout } = await run(process.execPath, [await writeParentProgram(), 'leave']);
    const { pid } = JSON.parse(stdout) as { pid: number };
    await waitFor(() => !isRunning(pid), { description: 'the end of the server' });
  });
});

describe('findRedisServer', () => {
  test('unpacks the Debian package once for two callers at the same time, and finds it again later', async () => {
    const folder = await temporaryFolder();
    const tools = ['apt-get', 'dpkg', 'dpkg-deb', 'tar', 'rm', 'sh'];
    const env = { PATH: await folderWithTools(folder, tools), HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
    if (!(await exists(join(env.PATH, 'apt-get')))) {
      await expect(findRedisServer({ env })).rejects.toMatchObject({
        code: 'redis_not_found',
        message: expect.stringMatching(
          /^redis-server 6\.2 or newer is not on PATH: install it with `[^`]+` and try again\.$/,
        ),
      });
      return;
    }
    const [one, two] = await Promise.all([findRedisServer({ env }), findRedisServer({ env })]);
    expect(one.origin).toBe('debian');
    expect(two.path).toBe(one.path);
    expect(await readdir(join(folder, 'cache/syncbot'))).toHaveLength(1);
    const again = await findRedisServer({ env: { ...env, PATH: folder } });
    expect(again).toEqual({ ...one, origin: 'cache' });
    await using server = await startRedisServer({ binary: again });
    expect(await client(server.url).ping()).toBe('PONG');
  });

  test('prefers a program on PATH, unless it is too old', async () => {
    const folder = await temporaryFolder();
    const env = { PATH: folder, HOME: folder };
    const path = join(folder, 'valkey-server');
    await writeProgram(path, 'echo "Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=0"');
    expect(await findRedisServer({ env })).toEqual({ path, version: '8.1.1', origin: 'path' });
    await writeProgram(path, 'echo "Redis server v=6.0.16 sha=00000000:0"');
    await expect(findRedisServer({ env })).rejects.toMatchObject({ code: 'redis_not_found' });
  });

  test.each([
    ['darwin', 'brew install redis'],
    ['linux', 'sudo apt-get install redis-server'],
    ['win32', 'wsl sudo apt-get install redis-server'],
  ] as const)('throws one sentence on %s that contains `%s`', async (platform, command) => {
    const folder = await temporaryFolder();
    await expect(findRedisServer({ env: { PATH: folder, HOME: folder }, platform })).rejects.toMatchObject({
      message: `redis-server 6.2 or newer is not on PATH: install it with \`${command}\` and try again.`,
    });
  });

  test('throws one sentence when the package cannot be downloaded or the cache cannot be written', async () => {
    const folder = await temporaryFolder();
    await writeProgram(join(folder, 'apt-get'), 'echo "E: Unable to fetch some archives" >&2; exit 100');
    await writeProgram(join(folder, 'dpkg'), 'exit 0');
    await writeFile(join(folder, 'file'), '');
    const message = expect.stringMatching(
      /^redis-server .* and could not be unpacked .*`sudo apt-get install redis-server`/,
    );
    for (const home of [folder, join(folder, 'file')]) {
      const env = { PATH: folder, HOME: home };
      await expect(findRedisServer({ env, platform: 'linux' })).rejects.toMatchObject({ message });
    }
  });
});

test('the shared server answers, and uniqueName returns unique names that are valid project ids', async () => {
  expect(await client(sharedRedisUrl()).ping()).toBe('PONG');
  const names = Array.from({ length: 100 }, () => uniqueName('orders'));
  expect(new Set(names).size).toBe(100);
  for (const name of names) expect(name).toMatch(/^[a-z0-9][a-z0-9_-]{0,62}$/);
});

/** Creates a folder for PATH with these tools of the machine, and without Redis. */
async function folderWithTools(folder: string, tools: readonly string[]): Promise<string> {
  const path = join(folder, 'bin');
  await mkdir(path);
  for (const tool of tools) {
    const toolPath = ['/usr/bin', '/bin'].map((bin) => join(bin, tool)).find((candidate) => existsSync(candidate));
    if (toolPath) await symlink(toolPath, join(path, tool));
  }
  return path;
}

const writeProgram = (path: string, script: string) => writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });

/** Writes a program that starts a server and prints its pid and URL. Without `leave` it then runs until it is killed. */
async function writeParentProgram(): Promise<string> {
  const folder = await temporaryFolder();
  await compile({ project: 'demo/tsconfig.json', outputFolder: folder, sourceFolder: join(folder, 'src') });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const program = join(folder, 'parent.js');
  await writeFile(
    program,
    `import { startRedisServer } from './demo/redis-server.js';
     const { pid, url } = await startRedisServer();
     console.log(JSON.stringify({ pid, url }));
     if (process.argv[2] !== 'leave') setInterval(() => {}, 1000);`,
  );
  return program;
}
