import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runObserver } from '../../src/application/observer.ts';
import { acknowledge } from '../../src/domain/alert.ts';
import { formatUtc } from '../../src/messages/format.ts';
import { firingAlert } from '../support/example-alerts.ts';
import { exampleLink } from '../support/example-records.ts';
import { keys } from '../support/keys.ts';
import { completeCycleAgo } from '../support/observation.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { type CliRunOptions, openAppOn, runCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
let links: TestLink[];

beforeEach(async () => {
  services = await startTestServices({ extraServers: ['other'] });
  links = [await services.createLink('orders-full'), await services.createLink('orders-incr', 'other')];
  configFile = await writeConfigFile(
    `connections: { other: '${services.urlOf('other')}' }\nprojects:\n  orders:\n    links: [{ queue: orders-full }, { queue: orders-incr, connection: other }]\n`,
  );
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const cli = (line: string, options: CliRunOptions = {}) =>
  runCliInProcess(line.split(' '), { env: configFile.env, openApp: openAppOn(services), ...options });

describe('list', () => {
  test('--json prints every field, with the open operation', async () => {
    await services.createProject('orders', links);
    await links[0]?.queue.add('row', {});
    const { operation } = await services.requestAndConfirm('orders', 'pause');
    const result = await cli('list --json');
    expect(result).toMatchObject({ exit: 0, err: '' });
    const linkFields = { connection: 'default', prefix: 'bull', paused: false, active: 0, delayed: 0, failed: 0 };
    expect(JSON.parse(result.out)).toEqual([
      {
        id: 'orders',
        state: 'running',
        since: expect.any(Number),
        by: 'cli:test',
        reason: null,
        pausedUntil: null,
        waitingPause: null,
        cause: null,
        alerts: [],
        latencyMs: expect.any(Number),
        backlog: 1,
        observedAt: expect.any(Number),
        links: [
          { ...linkFields, queue: 'orders-full', waiting: 1, prioritized: 0, latencyMs: expect.any(Number) },
          { ...linkFields, queue: 'orders-incr', connection: 'other', waiting: 0, prioritized: 0, latencyMs: 0 },
        ],
        operation: {
          id: operation,
          action: 'pause',
          state: 'confirmed',
          by: 'U0ALICE',
          requestedAt: expect.any(Number),
        },
      },
    ]);
  });

  test('a number that cannot be read is null, and ? in the table', async () => {
    await services.createProject('orders', links);
    await services.server('other').stop();
    const [project] = JSON.parse((await cli('list --json')).out);
    expect(project).toMatchObject({ latencyMs: null, backlog: null });
    expect(project).not.toHaveProperty('operation');
    expect(project.links[0].waiting).toBe(0);
    expect(project.links[1]).toMatchObject({ queue: 'orders-incr', paused: null, waiting: null, latencyMs: null });
    expect((await cli('list')).out).toMatch(/orders +Running +1 unreachable +\? +\?/);
  });

  test('a link that an odd task makes unreadable is named, with its pause flag, in list, show and precheck', async () => {
    await services.createProject('orders', links);
    await links[0]?.queue.add('row', {}, { jobId: 'paused' });
    await links[0]?.queue.pause();
    expect((await cli('list')).out).toMatch(/orders +Running +1 of 2 paused, 1 unreadable +\? +\?/);
    const [project] = JSON.parse((await cli('list --json')).out);
    expect(project.links[0]).toMatchObject({ queue: 'orders-full', paused: true, waiting: null, latencyMs: null });
    expect((await cli('show orders')).out).toMatch(/orders-full +default +Numbers unreadable, because a task has/);
    expect((await cli('precheck orders')).out).toMatch(/Unknown +Link orders-full: it cannot be read/);
  });

  test('does not say that there is no project if their records cannot be read', async () => {
    await services.createProject('orders', links);
    await services.redis.hset(keys.project('orders').state, 'v', '9');
    expect((await cli('list')).out).toMatch(/^1 project cannot be read/);
  });

  test('has only the projects that match the filter, and prints a sentence if there are none', async () => {
    expect((await cli('list')).out).toContain('There is no project yet');
    expect(JSON.parse((await cli('list --json')).out)).toEqual([]);
    await services.createProject('orders', links);
    await services.createProject('users', [], {
      links: [{ queue: 'ghost', connection: 'default', prefix: 'bull' }],
      state: 'paused',
    });
    const ids = async (line: string) => JSON.parse((await cli(line)).out).map(({ id }: { id: string }) => id);
    expect(await ids('list --json')).toEqual(['users', 'orders']);
    expect(await ids('list running --json')).toEqual(['orders']);
    expect(await cli('list zzz')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^No project matches “zzz”\. /),
    });
    expect((await cli('list usrs')).out).toBe('No project matches “usrs”. Did you mean syncbot list users?\n');
    expect(await cli('list failed')).toMatchObject({ exit: 0, out: 'No project is Failed.\n' });
    expect(await cli('list failed --json')).toMatchObject({ exit: 0, out: '[]\n' });
  });

  test('--limit prints the first projects, and the heading counts all', async () => {
    for (const id of ['orders', 'payments', 'users']) await services.createProject(id, links);
    const { out, err } = await cli('list --limit 2');
    expect(out).toMatch(/^3 projects: 3 Running[\s\S]*\norders .*\npayments .*\n$/);
    expect(err).toMatch(/^And 1 more$/m);
    expect(JSON.parse((await cli('list --limit 2 --json')).out)).toMatchObject([{ id: 'orders' }, { id: 'payments' }]);
  });

  test('an alert kind or a state that does not exist is invalid usage', async () => {
    const wrong = await cli('list alert:no-wroker');
    expect(wrong).toMatchObject({ exit: 2, out: '' });
    expect(wrong.err).toBe('There is no kind of alert called no-wroker. Did you mean syncbot list alert:no-worker?\n');
    expect(JSON.parse((await cli('list state:x --json')).err)).toMatchObject({ code: 'usage' });
  });

  test('has the cause of each project that needs attention, these first, below the same heading as in Slack', async () => {
    await services.createProject('users', links, { state: 'paused', labels: ['two words'] });
    await services.createProject('orders', links);
    await services.createProject('payments', links);
    const { projects, alerts } = services.context;
    const failure = { kind: 'task_failed', link: exampleLink('pay'), taskId: '1', reason: 'refused', at: 1 } as const;
    await projects.markFailed('payments', 1, { failure, by: 'syncbot', oldestUnprocessedAt: null });
    const { alert: after } = firingAlert('no_worker');
    await alerts.save('orders', 1, { kind: 'no_worker', before: null, after, event: 'alert_firing' });
    const { out } = await cli('list');
    expect(out).toMatch(
      /^2 need attention: 1 Failed, 1 without a worker\n3 projects: 1 Failed, 1 Paused, 1 Running \(1 without a worker\)\n\nPROJECT .* CAUSE OR REASON\n/,
    );
    const rows = out.trim().split('\n').slice(4);
    expect(rows).toEqual([
      expect.stringMatching(/^payments +Failed .* A task failed on pay: refused$/),
      expect.stringMatching(/^orders +No worker connected .* orders-full and 9 more links$/),
      expect.stringMatching(/^users +Paused /),
    ]);
    const json = JSON.parse((await cli('list attention --json')).out);
    expect(json).toMatchObject([
      { id: 'payments', cause: 'A task failed on pay: refused', alerts: [] },
      { id: 'orders', alerts: [{ kind: 'no_worker', since: after.since }] },
    ]);
    expect((await cli('list alert:no-worker')).out).toMatch(
      /^1 needs attention: 1 without a worker\nFilter: alert:no-worker\n/,
    );
    const argv = ['list', 'label:two words'];
    const labeled = await runCliInProcess(argv, { env: configFile.env, openApp: openAppOn(services) });
    expect(labeled.out).toMatch(/Filter: label:"two words"\n/);
  });
});

test('a terminal has colors for states and results, and the same text without them', async () => {
  vi.stubEnv('FORCE_COLOR', undefined);
  await services.createProject('orders', links);
  await services.createProject('users', links, { state: 'paused' });
  const terminal = { columns: 80, rows: 24 };
  for (const line of ['list', 'show orders', 'precheck orders', 'doctor']) {
    const [painted, plain] = [await cli(line, { terminal }), await cli(line)];
    expect(plain.out, line).not.toContain('\u001b');
    expect(painted.out, line).toContain('\u001b[');
  }
  const { out } = await cli('list', { terminal });
  expect(out).toContain('orders   \u001b[32mRunning\u001b[39m  ');
  expect(out).toContain('users    \u001b[33mPaused\u001b[39m   ');
  expect(stripVTControlCharacters(out)).toMatch(/^PROJECT {2}STATE {4}LINKS/m);
  expect((await cli('list --json', { terminal })).out).not.toContain('\u001b');
  vi.unstubAllEnvs();
});

test('list and show have who is on an alert', async () => {
  await services.createProject('orders', links);
  const { alerts } = services.context;
  const { alert: before } = firingAlert('no_worker');
  if (before.state !== 'firing') throw new Error('it does not fire');
  await alerts.save('orders', 1, { kind: 'no_worker', before: null, after: before, event: 'alert_firing' });
  const at = Date.now();
  const acknowledgement = { kind: 'owned', by: 'U0ALICE', at, until: at + 1_800_000 } as const;
  const after = acknowledge(before, acknowledgement);
  await alerts.acknowledge('orders', { kind: 'no_worker', before, after, by: 'U0ALICE', event: 'alert_owned' });
  const listed = JSON.parse((await cli('list --json')).out);
  expect(listed).toMatchObject([{ alerts: [{ kind: 'no_worker', since: before.since, acknowledgement }] }]);
  expect(JSON.parse((await cli('show orders --json')).out)).toMatchObject({ alerts: [{ acknowledgement }] });
  expect((await cli('list')).out).toMatch(/U0ALICE is on it · orders-full and 9 more links/);
  expect((await cli('show orders')).out).toMatch(/ {2}on it +U0ALICE is on it since .* No repeats before /);
  expect((await cli('history orders')).out).toMatch(/U0ALICE .*took the alert: no worker took its tasks/);
});

test("durations use the clock of the bot's Redis, not that of this machine", async () => {
  await services.createProject('orders', links);
  await services.requestAndConfirm('orders', 'pause');
  const clock = { ...services.context.clock, now: () => services.context.clock.now() + 3_600_000 };
  const openApp = openAppOn(services, { context: { clock } });
  expect((await cli('list', { openApp })).out).toMatch(/orders .* \d s +cli:test/);
});

describe('show and precheck', () => {
  test('show --json adds the precheck', async () => {
    await services.createProject('orders', links, { state: 'not_started' });
    const result = await cli('show orders --json');
    const projectJson = JSON.parse(result.out);
    expect(projectJson).toMatchObject({ id: 'orders', state: 'not_started', links: [{ queue: 'orders-full' }, {}] });
    expect(projectJson.precheck).toContainEqual({
      item: 'workers connected',
      result: 'fail',
      message: expect.any(String),
    });
    for (const { result } of projectJson.precheck) expect(['pass', 'fail', 'unknown']).toContain(result);
  });

  test('show prints the facts with sanitized text', async () => {
    await services.createProject('orders', links, {
      description: 'Orders \u001b[2J to\nthe warehouse',
      labels: ['prod'],
    });
    const { out, exit } = await cli('show orders');
    expect(exit).toBe(0);
    expect(out).toContain('Orders [2J to the warehouse');
    expect(out).toContain('syncbot pause orders');
    const byNpx = await cli('show orders', { env: { ...configFile.env, npm_command: 'exec' } });
    expect(byNpx.out).toContain('npx syncbot pause orders');
    expect(out).toMatch(/state +Running · Since 2\d{3}-\d\d-\d\d \d\d:\d\d UTC by cli:test/);
    expect(out).toMatch(/orders-incr +other +Running +0/);
    expect(out).toMatch(/^Precheck: \d of \d pass/m);
    expect(out).toMatch(/^No operation yet$/m);
  });

  test('precheck gives exit code 1 if an item fails, and 0 if items are only unknown', async () => {
    await services.createProject('orders', links);
    expect((await cli('precheck orders --json')).exit).toBe(1);
    await Promise.all(links.map(({ startWorker: work }) => work(async () => {})));
    const result = await cli('precheck orders');
    expect(result.exit, result.out).toBe(0);
    expect(result.out).toMatch(/Pass +Every link has a worker connected/);
  });

  test('an unknown project gives exit code 1 and the most similar id', async () => {
    await services.createProject('orders', links);
    expect(await cli('show ordres')).toMatchObject({ exit: 1, err: expect.stringContaining('Did you mean orders?') });
    expect(JSON.parse((await cli('precheck zzz --json')).err)).toMatchObject({ code: 'unknown_project' });
  });
});

describe('doctor', () => {
  test('checks everything, and gives exit code 1 if an item fails', async () => {
    await services.createProject('orders', links);
    await links[0]?.queue.pause();
    const result = await cli('doctor --json');
    expect(result.exit).toBe(1);
    const items: { item: string; result: string; message: string }[] = JSON.parse(result.out);
    const findItem = (item: string) => items.find((one) => one.item === item);
    expect(findItem('REDIS_URL')).toMatchObject({ result: 'pass' });
    expect(findItem('connection other eviction')).toMatchObject({ result: 'pass' });
    expect(findItem('connection other version')?.message).toMatch(/^Redis \d/);
    expect(findItem('Slack')).toMatchObject({ result: 'unknown' });
    expect(findItem(`${configFile.path} applied`)).toMatchObject({
      result: 'fail',
      message: expect.stringMatching(/^policy, settings and connections of the file are not applied yet/),
    });
    expect(findItem('link orders/orders-full')?.message).toContain('paused');
    expect(findItem('link orders/orders-incr')).toMatchObject({
      result: 'fail',
      message: expect.stringContaining('no worker is connected'),
    });
  });

  test('names how file and stored projects differ, and an empty policy if a bot is configured', async () => {
    await services.createProject('old', links);
    const env = { ...configFile.env, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
    const { out } = await cli('doctor', { env });
    expect(out).toMatch(/Fail .*applied +orders is in the file and not applied; old is no longer in the file/);
    expect(out).toMatch(/Fail +policy.operators/);
  });

  test('names the reason for a connection and for each of its links', async () => {
    await services.createProject('orders', links);
    await services.server('other').stop();
    const items = JSON.parse((await cli('doctor --json')).out);
    const message = expect.stringMatching(/^refuses the connection: /);
    expect(items).toContainEqual({ item: 'connection other', result: 'fail', message });
    expect(items).toContainEqual({ item: 'link orders/orders-incr', result: 'unknown', message });
  });

  test("checks the rest if the bot's Redis does not answer", async () => {
    await services.server().stop();
    const result = await cli('doctor --json');
    expect(result.exit).toBe(1);
    expect(JSON.parse(result.out)).toContainEqual(expect.objectContaining({ item: 'REDIS_URL', result: 'fail' }));
    expect(JSON.parse(result.out)).toContainEqual(expect.objectContaining({ item: 'projects', result: 'unknown' }));
  });
});

describe('when no syncbot worker observes the links', () => {
  beforeEach(() => services.createProject('orders', links));

  test('list and show say since when, and doctor fails', async () => {
    const since = await completeCycleAgo(services, 10 * 60_000);
    const sentence = `ot observed since ${formatUtc(since)}`;
    for (const line of ['list', 'show orders'])
      expect(await cli(line)).toMatchObject({ exit: 0, err: expect.stringContaining(sentence) });
    expect(await cli('list --json')).toMatchObject({ exit: 0, err: '' });
    const { exit, out } = await cli('doctor');
    expect(exit).toBe(1);
    expect(out).toMatch(/^Fail +observer +Not observed since/m);
  });

  test('after the newest cycle has completed, list, show and doctor say nothing of it', async () => {
    await completeCycleAgo(services, 10 * 60_000);
    await runObserver(services.context);
    for (const line of ['list', 'show orders']) expect(await cli(line)).toMatchObject({ exit: 0, err: '' });
    expect((await cli('doctor')).out).toMatch(/^Pass +observer/m);
  });

  test('before the first cycle doctor does not know it', async () => {
    expect((await cli('list')).err).toContain('Not observed yet');
    expect((await cli('doctor')).out).toMatch(/^Unknown +observer +Not observed yet/m);
  });
});

test('without Redis, every command prints one line with exit code 1', async () => {
  await services.server().stop();
  for (const line of ['list', 'show orders', 'pause orders --yes', 'apply --yes']) {
    const result = await cli(line);
    expect(result).toMatchObject({ exit: 1, out: '' });
    expect(result.err.trim().split('\n')).toHaveLength(1);
    expect(result.err).toContain('Nothing was changed');
  }
  expect(JSON.parse((await cli('list --json')).err)).toMatchObject({ code: 'redis_unavailable' });
});
