import { readdir, readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { killAtTestEnd, startProgram, waitForOutput } from '../support/running-program.ts';
import { startTestServices } from '../support/test-services.ts';
import { compiledFiles, type InstalledPackage, packAndInstall } from './npm-package.ts';

const manifest = z
  .object({
    version: z.string(),
    bin: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')));

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await packAndInstall();
});
afterAll(() => installed[Symbol.asyncDispose]());

describe('the tarball', () => {
  it('contains the compiled sources, the Lua scripts and the files for users, and nothing else', async () => {
    const compiled = (await compiledFiles()).map((path) => `dist/${path}`);
    const userFiles = [
      '.env.example',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'manifest.yml',
      'package.json',
      'syncbot.schema.json',
    ];
    expect(installed.files.map(({ path }) => path).sort()).toEqual([...compiled, ...userFiles].sort());
  });

  it('has one executable program', async () => {
    expect(manifest.bin).toEqual({ syncbot: 'dist/main.js' });
    const executable = installed.files.filter(({ mode }) => (mode & 0o111) !== 0);
    expect(executable).toEqual([expect.objectContaining({ path: 'dist/main.js', mode: 0o755 })]);
    expect(await readFile(join(installed.packageFolder, 'dist/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('imports only its own files, Node modules and its dependencies', async () => {
    const paths = installed.files.map(({ path }) => path);
    const allowed = [...builtinModules.map((name) => `node:${name}`), ...Object.keys(manifest.dependencies), ...paths];
    const imported = new Set<string>();
    for (const path of paths.filter((one) => one.endsWith('.js'))) {
      const code = await readFile(join(installed.packageFolder, path), 'utf8');
      expect(code, path).not.toContain('sourceMappingURL');
      for (const [, name = ''] of code.matchAll(importPattern)) {
        imported.add(name.startsWith('.') ? join(dirname(path), name) : packageName(name));
      }
    }
    expect([...imported].filter((name) => !allowed.includes(name))).toEqual([]);
    expect([...imported]).toEqual(expect.arrayContaining(['@slack/bolt', 'bullmq', 'zod', 'node:fs', 'dist/app.js']));
  });
});

describe('the installed package, in a folder without other files', () => {
  const syncbot = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    killAtTestEnd(
      startProgram(installed.bin, args, { cwd: installed.folder, env: { PATH: process.env['PATH'], ...env } }),
    );

  it('prints its version and its help', async () => {
    expect(await syncbot(['--version']).exited).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
    const help = await syncbot(['--help']).exited;
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: syncbot'), stderr: '' });
  });

  it('exits with code 2 and one sentence when there is no syncbot.yml', async () => {
    const sentence = 'syncbot.yml does not exist. Create it, or set SYNCBOT_CONFIG to another file.\n';
    expect(await syncbot(['list']).exited).toEqual({ code: 2, stdout: '', stderr: sentence });
  });

  it('runs apply, list, doctor, a worker and pause, and writes no file', async () => {
    await using services = await startTestServices();
    const { queue } = await services.createLink('orders');
    await writeFile(
      join(installed.folder, 'syncbot.yml'),
      'projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n',
    );
    const env = { REDIS_URL: services.url };
    expect(await syncbot(['apply', '--yes'], env).exited).toMatchObject({ code: 0, stderr: '' });
    const listed = await syncbot(['list', '--json'], env).exited;
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id: 'orders', state: 'running' }]);
    const doctor = await syncbot(['doctor', '--json'], env).exited;
    expect(JSON.parse(doctor.stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ item: expect.any(String) })]),
    );

    const worker = syncbot(['run', '--role', 'worker'], env);
    await waitForOutput(worker, '"msg":"running"');
    expect(await syncbot(['pause', 'orders', '--yes'], env).exited).toMatchObject({ code: 0, stderr: '' });
    expect(await queue.isPaused()).toBe(true);
    worker.kill('SIGTERM');
    expect(await worker.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
    expect((await readdir(installed.folder)).sort()).toEqual(['node_modules', 'syncbot.yml']);
  });
});

const importPattern = /(?:\bfrom\s*|\bimport\s*\(?\s*|\b(?:require|resolve)\(\s*)['"]([\w@./:-]+)['"]/g;

/** Returns `@slack/bolt` for `@slack/bolt/x`, and `node:fs` for `node:fs/promises`. */
function packageName(name: string): string {
  return name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] ?? name);
}
