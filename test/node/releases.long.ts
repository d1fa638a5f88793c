import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type InstalledPackage, packAndInstall } from '../package/npm-package.ts';
import { killAtTestEnd, startProgram, waitForOutput } from '../support/running-program.ts';
import { userActions, visibleText } from '../support/slack-harness.ts';
import { startTestServices } from '../support/test-services.ts';

/** The newest release of each supported version of Node, except that which runs the tests. The image has the last one. */
const releases = ['22.23.3', '24.21.0'];
const minuteMs = 60_000;

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await packAndInstall();
}, 10 * minuteMs);
afterAll(() => installed[Symbol.asyncDispose]());

describe.each(releases)('the installed package on Node %s', (release) => {
  let folder: string;
  let binFolder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `syncbot-node-${release}-`));
    binFolder = await installNode(release, folder);
  }, 10 * minuteMs);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const syncbot = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    killAtTestEnd(
      startProgram(installed.bin, args, { cwd: installed.folder, env: { PATH: `${binFolder}:/usr/bin:/bin`, ...env } }),
    );

  test('that release runs it', async () => {
    const { stdout } = await promisify(execFile)(join(binFolder, 'node'), ['--version']);
    expect(stdout).toBe(`v${release}\n`);
  });

  test('prints its version and its help without a warning', async () => {
    expect(await syncbot(['--version']).exited).toMatchObject({ code: 0, stderr: '' });
    const help = await syncbot(['--help']).exited;
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: syncbot'), stderr: '' });
  });

  test('keeps its compiled code in the cache folder of the user, if that can be written', async () => {
    const cache = join(folder, 'cache');
    expect(await syncbot(['--version'], { XDG_CACHE_HOME: cache }).exited).toMatchObject({ code: 0 });
    expect(await readdir(join(cache, 'syncbot'))).not.toEqual([]);
    const notWritable = await syncbot(['--version'], { XDG_CACHE_HOME: '/dev/null' }).exited;
    expect(notWritable).toMatchObject({ code: 0, stderr: '' });
  });

  test('lists a project, and a worker pauses it', async () => {
    await using services = await startTestServices();
    const { queue } = await services.createLink('orders');
    await writeConfig();
    const env = { REDIS_URL: services.url, ADMIN_PORT: '0' };
    expect(await syncbot(['apply', '--yes'], env).exited).toMatchObject({ code: 0, stderr: '' });
    const worker = syncbot(['run', '--role', 'worker'], env);
    await waitForOutput(worker, '"msg":"running"');
    expect(await syncbot(['pause', 'orders', '--yes'], env).exited).toMatchObject({ code: 0, stderr: '' });
    expect(await queue.isPaused()).toBe(true);
    const list = await syncbot(['list', '--json'], env).exited;
    expect(JSON.parse(list.stdout)).toMatchObject([{ id: 'orders', state: 'paused' }]);
    const port = /"port":(\d+)[^\n]*"admin server listening"/.exec(worker.stderr())?.[1];
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain(`node_version="v${release}"`);
    worker.kill('SIGTERM');
    expect(await worker.exited).toMatchObject({ code: 0, stderr: expect.stringContaining('"msg":"stopped"') });
  });

  test('a bot answers a command in Slack', async () => {
    await using services = await startTestServices();
    await services.createLink('orders');
    await writeConfig();
    await using slack = await FakeSlack.start();
    const env = { REDIS_URL: services.url, ...socketModeEnv(slack) };
    expect(await syncbot(['apply', '--yes'], env).exited).toMatchObject({ code: 0, stderr: '' });
    const bot = syncbot(['run'], env);
    await slack.waitForSockets();
    expect(visibleText(await userActions(slack).runCommand('list'))).toMatch(/^1 project.*: 1 Running/);
    bot.kill('SIGTERM');
    expect(await bot.exited).toMatchObject({ code: 0 });
  });

  const writeConfig = () =>
    writeFile(
      join(installed.folder, 'syncbot.yml'),
      'projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n',
    );
});

/** Installs a release from the package of npm that has it for this system. Returns the folder of the program. */
async function installNode(release: string, folder: string): Promise<string> {
  const name = `node-${process.platform}-${process.arch}`;
  const args = ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--prefix', folder];
  await promisify(execFile)('npm', [...args, `${name}@${release}`], { cwd: folder });
  return join(folder, 'node_modules', name, 'bin');
}
