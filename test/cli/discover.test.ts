import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RedisServer } from '../../demo/redis-server.ts';
import { createApp } from '../../src/app.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { type BullMqVersion, startProducerOfVersion, startWorkerOfVersion } from '../support/bullmq-versions.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { waitFor } from '../support/wait-for.ts';
import { runCliInProcess } from './cli-fixture.ts';

let server: RedisServer;
let redis: Redis;
let folder: string;
let path: string;
const workers: AsyncDisposable[] = [];

beforeAll(async () => {
  server = await startTestRedis();
  redis = new Redis(server.url);
  folder = await mkdtemp(join(tmpdir(), 'syncbot-discover-'));
  path = join(folder, 'syncbot.yml');
  const owned: [BullMqVersion, string][] = [
    [4, 'orders-full'],
    [5, 'orders-incr'],
    [6, 'users'],
  ];
  for (const [version, queue] of owned) {
    await using producer = await startProducerOfVersion({ version, url: server.url, queue });
    await producer.add(['a', 'b']);
    const metaKey = `bull:${queue}:meta`;
    await waitFor(async () => (await redis.hexists(metaKey, 'version')) === 1, { description: metaKey });
  }
  const fail = () => Promise.reject(new Error('no'));
  workers.push(await startWorkerOfVersion({ version: 6, url: server.url, queue: 'users' }, fail));
  await waitFor(async () => (await redis.zcard('bull:users:failed')) === 2);
});
afterAll(async () => {
  for (const worker of workers) await worker[Symbol.asyncDispose]();
  redis.disconnect();
  await server.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => rm(path, { force: true }));

const discover = (args: readonly string[] = [], env: Record<string, string> = { REDIS_URL: server.url }) =>
  runCliInProcess(['discover', ...args], { env: { SYNCBOT_CONFIG: path, ...env } });

/** The queues of each project of the file. */
async function projectsOf(env: Record<string, string> = {}) {
  const text = await readFile(path, 'utf8');
  const parsed = parseConfig(text, env);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
  return parsed.config.projects.map(({ adopt, definition: { id, links } }) => ({ id, adopt, links }));
}
const link = (queue: string, connection = 'default') => ({ queue, connection, prefix: 'bull' });
const proposal = (connection?: string) => [
  { id: 'orders', adopt: true, links: [link('orders-full', connection), link('orders-incr', connection)] },
  { id: 'users', adopt: true, links: [link('users', connection)] },
];

describe('without a syncbot.yml', () => {
  test('discover shows each queue and writes a file that apply accepts, without Slack', async () => {
    const before = await redis.dbsize();
    const { exit, out, err } = await discover();
    expect({ exit, err }).toMatchObject({ exit: 0, err: expect.stringContaining('then run: syncbot apply') });
    expect(out).toMatch(/^Found 3 queues of BullMQ among [\d,]+ keys\.$/m);
    expect(out).toMatch(/^LINK +BULLMQ +FLAG +WORKERS +WAITING +ACTIVE +DELAYED +FAILED +PROJECT$/m);
    expect(out).toMatch(/^orders-full +4\.18\.3 +running +0 +2 +0 +0 +0 +\+ orders$/m);
    expect(out).toMatch(/^orders-incr +5\.\S+ +running +0 +2 +0 +0 +0 +\+ orders$/m);
    expect(out).toMatch(/^users +6\.\S+ +running +1 +0 +0 +0 +2 +\+ users$/m);
    expect(out).toContain('Workers of BullMQ 4 ignore a pause, so update them first: orders-full\n');
    expect(out).toContain('No worker is connected: orders-full and orders-incr\n');
    expect(out).toContain(`${path} was written, with 2 projects.`);
    expect(await redis.dbsize()).toBe(before);
    expect(await readFile(path, 'utf8')).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=./node_modules/syncbot/syncbot.schema.json
      # Written by syncbot discover. The projects are a proposal: queues whose names begin with the same words.
      # 1. Rename and regroup the projects as you need them. A queue belongs to one project.
      # 2. Write your Slack user id into operators: Profile, then ⋮, then Copy member ID.
      # 3. Run syncbot apply. It shows what it would do, and asks first.
      policy:
        operators: [] # such as [U0123456]; until then no user can change a project from Slack
      projects:
        orders:
          # channel: C0123456 # where outcomes and alerts go; invite the bot there
          # onFailure: continue # only an alert when a task fails for good; without it syncbot pauses the links of the project
          adopt: true # the queues are in use: take the state from them, and pause nothing
          links:
            - queue: orders-full # BullMQ 4: its workers ignore a pause
            - queue: orders-incr
        users:
          adopt: true
          links:
            - queue: users
      "
    `);
    expect(await projectsOf()).toEqual(proposal());
    const plan = await runCliInProcess(['apply', '--plan'], {
      env: { SYNCBOT_CONFIG: path, REDIS_URL: server.url },
      openApp: createApp,
    });
    expect(plan).toMatchObject({ exit: 3, out: expect.stringContaining('+ create users: Running, like its queues') });
    expect(plan.out).toContain('syncbot pauses the links of its project until a restore: orders and users.');
  });

  test('queues of which some are paused are named in the file, since apply refuses them', async () => {
    await redis.hset('bull:orders-incr:meta', 'paused', '1');
    expect((await discover()).out).toMatch(/^orders-incr +5\.\S+ +paused /m);
    await redis.hdel('bull:orders-incr:meta', 'paused');
    expect(await readFile(path, 'utf8')).toContain(
      '  orders:\n    # Some of these queues are paused and some are not.',
    );
  });

  test('a URL without REDIS_URL becomes REDIS_URL, and never is in the file', async () => {
    const { exit, err } = await discover(['--connection', server.url], {});
    expect({ exit, err }).toMatchObject({ exit: 0, err: expect.stringContaining('Set REDIS_URL to the URL') });
    expect(await projectsOf()).toEqual(proposal());
    expect(await readFile(path, 'utf8')).not.toContain(String(server.port));
  });

  test('another Redis than REDIS_URL becomes a connection with a variable', async () => {
    // Another database of the same server is another Redis.
    const { exit, err } = await discover(['--connection', server.url], { REDIS_URL: `${server.url}/5` });
    expect({ exit, err }).toMatchObject({ exit: 0, err: expect.stringContaining('Set QUEUES_REDIS_URL to the URL') });
    expect(await projectsOf({ QUEUES_REDIS_URL: server.url, REDIS_URL: `${server.url}/5` })).toEqual(
      proposal('queues'),
    );
  });

  test('a scan that stops at its limit says so in the output, in the file, and by exit code 1', async () => {
    const filler = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`filler:${n}`, '']));
    await redis.mset(filler);
    const { exit, out } = await discover(['--max-keys', '1000']);
    const json = await discover(['--max-keys', '1000', '--json']);
    await redis.del(Object.keys(filler));
    expect({ exit, out }).toMatchObject({ exit: 1, out: expect.stringMatching(/^NOT COMPLETE: stopped after about/m) });
    expect(JSON.parse(json.out)).toMatchObject({ complete: false, stoppedAt: 'keys', examinedKeys: 1_000 });
  });

  test('a Redis without queues, or one that does not answer, gets no file', async () => {
    const empty = await discover([], { REDIS_URL: `${server.url}/7` });
    expect(empty).toMatchObject({ exit: 0, out: expect.stringMatching(/^Found no queue of BullMQ among 0 keys/) });
    const down = await discover(['--connection', 'redis://127.0.0.1:1'], {});
    expect(down).toMatchObject({ exit: 1, err: expect.stringMatching(/^REDIS_URL refuses the connection/) });
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('with a syncbot.yml', () => {
  const file = `connections: { same: '${'$'}{REDIS_URL}' }
policy: { operators: [U0ALICE] }
projects: { orders: { links: [{ queue: orders-full, connection: same }, { queue: orders-incr }] } }
`;

  test('discover prints what is new with the YAML to add, and changes nothing', async () => {
    await writeFile(path, file);
    const { exit, out } = await discover();
    expect(exit).toBe(0);
    expect(out).toMatch(/^orders-full .* orders$/m);
    expect(out).toMatch(/^users .* \+ users$/m);
    expect(out).toContain(
      `New, in no project of ${path}: users. The file was not changed. To add them:\nprojects:\n  users:\n    # onFailure: continue # only an alert`,
    );
    expect(await readFile(path, 'utf8')).toBe(file);

    const json = JSON.parse((await discover(['--json'])).out);
    expect(json).toMatchObject({
      complete: true,
      proposed: [{ id: 'users', links: [link('users')] }],
      file: { path, written: false },
      yaml: expect.stringContaining('users:'),
    });
    expect(json.queues).toMatchObject([
      { queue: 'orders-full', bullmq: '4.18.3', paused: false, workers: 0, waiting: 2, failed: 0, project: 'orders' },
      { queue: 'orders-incr', project: 'orders' },
      { queue: 'users', workers: 1, failed: 2, project: null },
    ]);
  });

  test('discover adds the projects to a file without projects, such as that of init', async () => {
    const text = '# mine\npolicy:\n  operators: [U0ALICE]\nprojects: {}\n';
    await writeFile(path, text);
    const { exit, out, err } = await discover();
    expect({ exit, out }).toMatchObject({
      exit: 0,
      out: expect.stringContaining(`${path} was written, with 2 projects.`),
    });
    expect(err).toBe(`Next: check the projects in ${path}, then run: syncbot apply\n`);
    expect(await readFile(path, 'utf8')).toMatch(
      /^# mine\npolicy:\n {2}operators: \[U0ALICE\]\nprojects:\n {2}orders:\n/,
    );
    expect(await projectsOf()).toEqual(proposal());
  });

  test('a second run after the queues were added finds nothing new', async () => {
    await discover();
    const before = await readFile(path, 'utf8');
    expect((await discover()).out).toContain(`Every queue that was found is in a project of ${path}. `);
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  test.each([
    ['an unknown name', ['--connection', 'werehouse'], /^--connection is not a connection .*default, same\.$/m],
    ['a URL that is wrong', ['--connection', 'redis://:secret@/x'], /^--connection (?!.*secret)/],
    ['a number that is wrong', ['--max-keys', 'many'], /Write a whole number/],
  ])('%s is exit code 2', async (_name, args, message) => {
    await writeFile(path, file);
    expect(await discover(args)).toMatchObject({ exit: 2, out: '', err: expect.stringMatching(message) });
  });

  test('a file with a mistake is refused, and kept', async () => {
    await writeFile(path, 'projects: { orders: {} }\n');
    expect(await discover()).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('links') });
    expect(await readFile(path, 'utf8')).toBe('projects: { orders: {} }\n');
  });
});
