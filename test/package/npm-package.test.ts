import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { blocksOf, readPage, sectionOf } from '../docs/pages.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { killAtTestEnd, startProgram, waitForOutput } from '../support/running-program.ts';
import { userActions, visibleText } from '../support/slack-harness.ts';
import { startInTerminal } from '../support/terminal-program.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { startTestServices } from '../support/test-services.ts';
import { type InstalledPackage, luaScripts, packAndInstall } from './npm-package.ts';

const manifest = z
  .object({
    version: z.string(),
    bin: z.record(z.string(), z.string()),
    scripts: z.record(z.string(), z.string()),
  })
  .loose()
  .parse(JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')));

const component = z.object({ group: z.string().optional(), name: z.string(), version: z.string() });
const billOfMaterials = z.object({ metadata: z.object({ component }), components: z.array(component) });

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await packAndInstall();
});
afterAll(() => installed[Symbol.asyncDispose]());

describe('the tarball', () => {
  it('contains the program, its Lua scripts and the files for users, and nothing else', async () => {
    const scripts = (await luaScripts()).map((name) => `dist/lua/${name}`);
    const rootFiles = [
      '.env.example',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'manifest.yml',
      'package.json',
      'syncbot.schema.json',
    ];
    const paths = installed.files.map(({ path }) => path).filter((path) => !/^dist\/[\w-]+\.js$/.test(path));
    expect(paths.sort()).toEqual([...scripts, 'dist/LICENCES.txt', 'dist/sbom.cdx.json', ...rootFiles].sort());
  });

  it('has one executable program', async () => {
    expect(manifest.bin).toEqual({ syncbot: 'dist/main.js' });
    const executable = installed.files.filter(({ mode }) => (mode & 0o111) !== 0);
    expect(executable).toEqual([expect.objectContaining({ path: 'dist/main.js', mode: 0o755 })]);
    expect(await readFile(join(installed.packageFolder, 'dist/main.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('names the licence of each package that it contains', async () => {
    const licences = await readFile(join(installed.packageFolder, 'dist/LICENCES.txt'), 'utf8');
    for (const name of ['@slack/bolt', 'bullmq', 'ioredis', 'zod'])
      expect(licences).toMatch(new RegExp(`^${name} [\\d.]+ \\(MIT\\)$`, 'm'));
  });

  it('has a bill of materials in CycloneDX format with the same packages', async () => {
    const folder = join(installed.packageFolder, 'dist');
    const text = await readFile(join(folder, 'sbom.cdx.json'), 'utf8');
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
    const bom = billOfMaterials.parse(JSON.parse(text));
    expect(bom.metadata.component).toMatchObject({ name: 'syncbot', version: manifest.version });
    const licences = await readFile(join(folder, 'LICENCES.txt'), 'utf8');
    const named = [...licences.matchAll(/^(\S+) ([\d.]+) \([\w.-]+\)$/gm)].map(
      ([, name, version]) => `${name}@${version}`,
    );
    const listed = bom.components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`);
    expect(listed.length).toBeGreaterThan(100);
    expect(listed.sort()).toEqual(named.sort());
  });

  it('needs no other package and no install script', async () => {
    const keys = ['private', 'dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies'];
    expect(keys.filter((key) => key in manifest)).toEqual([]);
    expect(Object.keys(manifest.scripts).filter((name) => /install|prepare/.test(name))).toEqual([]);
    const paths = installed.files.map(({ path }) => path);
    const imported = new Set<string>();
    for (const path of paths.filter((one) => one.endsWith('.js'))) {
      const code = await readFile(join(installed.packageFolder, path), 'utf8');
      for (const [, statement, expression] of code.matchAll(importPattern)) {
        const name = statement ?? expression ?? '';
        imported.add(name.startsWith('.') ? join(dirname(path), name) : name);
      }
    }
    const allowed = [...builtinModules, ...builtinModules.map((name) => `node:${name}`), ...paths];
    expect([...imported].filter((name) => !allowed.includes(name))).toEqual([]);
    expect([...imported]).toEqual(expect.arrayContaining(['node:fs', 'dist/app.js']));
  });
});

describe('the first contact of the README, in a terminal', () => {
  it('leads from an empty folder to the first list', async () => {
    await using slack = await FakeSlack.start();
    await using redis = await startTestRedis();
    for (const name of ['mails', 'orders-full', 'orders-incr']) {
      const queue = new Queue(name, { connection: { url: redis.url } });
      await queue.add('task', {});
      await queue.close();
    }
    const folder = await mkdtemp(join(tmpdir(), 'syncbot-first-contact-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await symlink(join(installed.folder, 'node_modules'), join(folder, 'node_modules'));
    const env = { PATH: process.env['PATH'], HOME: folder, SLACK_API_URL: slack.apiUrl };
    const section = sectionOf(readPage('README.md'), 'Use it with your own queues');
    const lines = (blocksOf(section, 'sh')[1]?.text ?? '').split('\n').map((line) => line.replace(/ +#.*/, ''));
    const [init = '', discover = '', apply = '', run = ''] = lines;
    const inTerminal = (command: string) => {
      const program = startInTerminal(command, { cwd: folder, env });
      onTestFinished(program.kill);
      return program;
    };

    const asking = inTerminal(init);
    await asking.type('Choose [1]', '\r');
    await asking.type('Slash command', '\r');
    await asking.type('Bot token', `${slack.botToken}\r`);
    await asking.type('App token', `${slack.appToken}\r`);
    await asking.type('Redis URL', `${redis.url}\r`);
    await asking.type('Who may', 'U0ALICE\r');
    await asking.type('channel for', 'C0SYNC\r');
    expect(await asking.exited).toBe(0);
    expect(asking.shown()).toContain('Next: run npx syncbot discover.');
    for (const secret of [slack.botToken, slack.appToken, redis.url]) expect(asking.shown()).not.toContain(secret);

    const discovering = inTerminal(discover);
    expect(await discovering.exited).toBe(0);
    expect(discovering.shown()).toContain('syncbot.yml was written, with 2 projects.');

    const applying = inTerminal(apply);
    await applying.type('[y/N]', 'y\r');
    expect(await applying.exited).toBe(0);
    expect(applying.shown()).toContain('Next: run npx syncbot run.');

    const running = inTerminal(run);
    await running.type('"msg":"running"', '');
    await slack.waitForSockets();
    const list = await userActions(slack).runCommand('list', { user: 'U0ALICE', channel: 'C0SYNC' });
    expect(visibleText(list)).toMatch(/^2 projects.* 2 Running$/m);
    await running.type('', '\u0003');
    // npx itself ends with 130.
    await running.exited;
    expect(running.shown()).toContain('"msg":"stopped"');
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
    const sentence =
      'syncbot.yml does not exist. Create it with syncbot discover, or set SYNCBOT_CONFIG to another file.\n';
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

  it('runs a bot, which waits for a Slack that does not answer', async () => {
    await using services = await startTestServices();
    await writeFile(join(installed.folder, 'syncbot.yml'), 'projects: {}\n');
    const slack = {
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_SIGNING_SECRET: 'a'.repeat(32),
      SLACK_API_URL: 'http://127.0.0.1:1/api/',
    };
    const bot = syncbot(['run', '--role', 'bot'], { REDIS_URL: services.url, PORT: '0', ...slack });
    await waitForOutput(bot, '"msg":"waiting for Slack"');
    bot.kill('SIGTERM');
    expect(await bot.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
  });
});

/** What Node loads, or fails: the `import` statements. A `require` of an optional package is caught by the one that needs it. */
const importPattern = /^import(?: [^'"\n]* from)? ['"]([^'"\n]+)['"];$|\bimport\(['"]([^'"\n]+)['"]\)/gm;
