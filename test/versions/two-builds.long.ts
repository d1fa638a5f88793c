import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { killAtTestEnd, type RunningProgram, waitForOutput } from '../support/running-program.ts';
import { userActions } from '../support/slack-harness.ts';
import { buildSyncbot, type SyncbotBuild } from '../support/syncbot-build.ts';
import { startTestServices } from '../support/test-services.ts';

const execFileAsync = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;
const minuteMs = 60_000;

/** The other version: the last commit before 0.2.0. Set `OTHER_COMMIT` to compare with another one, such as the tag of a release. */
const otherCommit = process.env['OTHER_COMMIT'] ?? '317a2035';

let other: SyncbotBuild;
let current: SyncbotBuild;
let sources: string;
beforeAll(async () => {
  sources = await mkdtemp(join(tmpdir(), 'syncbot-other-'));
  const archive = join(sources, 'sources.tar');
  await execFileAsync('git', ['archive', '--output', archive, otherCommit], { cwd: root });
  await execFileAsync('tar', ['-xf', archive, '-C', sources]);
  await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
  other = await buildSyncbot(sources);
  current = await buildSyncbot();
}, 10 * minuteMs);
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await current[Symbol.asyncDispose]();
  await rm(sources, { recursive: true, force: true });
});

const mixes = [
  { bot: 'other', worker: 'current', stored: 'other' },
  { bot: 'current', worker: 'other', stored: 'other' },
  { bot: 'current', worker: 'other', stored: 'current' },
] as const;

describe.each(mixes)(
  'a bot of the $bot version and a worker of the $worker one, on records of the $stored one',
  (mix) => {
    const buildOf = (version: 'other' | 'current') => (version === 'other' ? other : current);

    test('people pause and restore projects, and both versions read what happened', {
      timeout: 5 * minuteMs,
    }, async () => {
      await using services = await startTestServices();
      const orders = await services.createLink('orders');
      const users = await services.createLink('users');
      await using slack = await FakeSlack.start();
      const config = join(sources, 'syncbot.yml');
      await writeFile(config, configFile);
      const env = { REDIS_URL: services.url, SYNCBOT_CONFIG: config, ...socketModeEnv(slack) };
      const run = async (version: 'other' | 'current', ...args: readonly string[]) => {
        const result = await buildOf(version).run('dist/main.js', args, env);
        expect(result, args.join(' ')).toMatchObject({ code: 0, stderr: '' });
        return result.stdout;
      };
      const start = (version: 'other' | 'current', role: string): RunningProgram =>
        killAtTestEnd(buildOf(version).start('dist/main.js', ['run', '--role', role], env));

      await run(mix.stored, 'apply', '--yes');
      const worker = start(mix.worker, 'worker');
      await waitForOutput(worker, '"msg":"running"');
      const bot = start(mix.bot, 'bot');
      await slack.waitForSockets();
      const alice = userActions(slack);

      await alice.requestAndPressOk('pause', 'orders');
      await alice.waitForMessage(/^orders was paused/);
      expect(await orders.queue.isPaused()).toBe(true);
      const dialog = await alice.runCommand('pause users for 2h because upgrade');
      await alice.press('OK', dialog);
      await alice.waitForMessage(/^users was paused/);
      expect(await users.queue.isPaused()).toBe(true);

      for (const version of ['other', 'current'] as const) {
        const listed = JSON.parse(await run(version, 'list', '--json')) as { id: string; state: string }[];
        expect(listed.map(({ id, state }) => `${id} ${state}`).sort()).toEqual(['orders paused', 'users paused']);
        expect(await run(version, 'history', 'users')).toContain('upgrade');
      }
      const restore = await alice.runCommand('restore orders users');
      await alice.press('OK', restore);
      await alice.waitForMessage(/2 projects were restored/);
      expect([await orders.queue.isPaused(), await users.queue.isPaused()]).toEqual([false, false]);

      for (const running of [bot, worker]) {
        running.kill('SIGTERM');
        const { code, stderr } = await running.exited;
        expect(code).toBe(0);
        expect(stderr.split('\n').filter((line) => line.includes('"level":"error"'))).toEqual([]);
      }
    });
  },
);

const configFile = `policy: { operators: [U0ALICE] }
defaults: { adopt: true, channel: C0SYNC }
projects:
  orders: { links: [{ queue: orders }] }
  users: { links: [{ queue: users }] }
`;
