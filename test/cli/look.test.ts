import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { appOf, configFile, type RunOptions, runHere } from './shell.ts';

let world: World;
let file: Awaited<ReturnType<typeof configFile>>;
let links: OwnedLink[];

beforeEach(async () => {
  world = await openWorld({ servers: ['other'] });
  links = [await world.link('orders-full'), await world.link('orders-incr', 'other')];
  file = await configFile(
    `connections: { other: '${world.urlOf('other')}' }\nprojects:\n  orders:\n    links: [{ queue: orders-full }, { queue: orders-incr, connection: other }]\n`,
  );
});
afterEach(async () => {
  await file[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const cli = (line: string, options: RunOptions = {}) =>
  runHere(line.split(' '), { env: file.env, openApp: appOf(world), ...options });

describe('list', () => {
  test('--json is the shape of the contract, an open operation included', async () => {
    await world.project('orders', links);
    await links[0]?.queue.add('row', {});
    const { operation } = await world.act('orders', 'pause');
    const ran = await cli('list --json');
    expect(ran).toMatchObject({ exit: 0, err: '' });
    const common = { connection: 'default', prefix: 'bull', paused: false, active: 0, delayed: 0, failed: 0 };
    expect(JSON.parse(ran.out)).toEqual([
      {
        id: 'orders',
        state: 'running',
        since: expect.any(Number),
        by: 'cli:test',
        reason: null,
        latencyMs: expect.any(Number),
        backlog: 1,
        observedAt: expect.any(Number),
        links: [
          { ...common, queue: 'orders-full', waiting: 1, prioritized: 0, latencyMs: expect.any(Number) },
          { ...common, queue: 'orders-incr', connection: 'other', waiting: 0, prioritized: 0, latencyMs: 0 },
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

  test('a figure that cannot be read is null, and a ? in the table', async () => {
    await world.project('orders', links);
    await world.server('other').stop();
    const [project] = JSON.parse((await cli('list --json')).out);
    expect(project).toMatchObject({ latencyMs: null, backlog: null });
    expect(project).not.toHaveProperty('operation');
    expect(project.links[0].waiting).toBe(0);
    expect(project.links[1]).toMatchObject({ queue: 'orders-incr', paused: null, waiting: null, latencyMs: null });
    expect((await cli('list')).out).toMatch(/orders +Running +1 unreachable +\? +\?/);
  });

  test('filters, and says when nothing fits or nothing is there', async () => {
    expect((await cli('list')).out).toContain('There is no project yet');
    expect(JSON.parse((await cli('list --json')).out)).toEqual([]);
    await world.project('orders', links);
    await world.project('users', [], {
      links: [{ queue: 'ghost', connection: 'default', prefix: 'bull' }],
      state: 'paused',
    });
    const ids = async (line: string) => JSON.parse((await cli(line)).out).map(({ id }: { id: string }) => id);
    expect(await ids('list --json')).toEqual(['users', 'orders']);
    expect(await ids('list running --json')).toEqual(['orders']);
    expect((await cli('list zzz')).out).toBe('No project fits "zzz".\n');
  });
});

test('durations are told by the clock of the bot’s Redis, whatever this machine’s says', async () => {
  await world.project('orders', links);
  await world.act('orders', 'pause');
  const clock = { ...world.deps.clock, now: () => world.deps.clock.now() + 3_600_000 };
  const openApp = appOf(world, { deps: { clock } });
  expect((await cli('list', { openApp })).out).toMatch(/orders .* \d s +cli:test/);
  expect((await cli('show orders', { openApp })).out).toMatch(/Running for \d s,/);
  expect((await cli('restore orders --yes', { openApp })).err).toMatch(/Running, for \d s,/);
});

describe('show and precheck', () => {
  test('show --json adds the precheck', async () => {
    await world.project('orders', links, { state: 'not_started' });
    const ran = await cli('show orders --json');
    const shown = JSON.parse(ran.out);
    expect(shown).toMatchObject({ id: 'orders', state: 'not_started', links: [{ queue: 'orders-full' }, {}] });
    expect(shown.precheck).toContainEqual({ item: 'workers connected', result: 'fail', message: expect.any(String) });
    for (const { result } of shown.precheck) expect(['pass', 'fail', 'unknown']).toContain(result);
  });

  test('show is readable, and safe with any text of the file', async () => {
    await world.project('orders', links, { description: 'Orders \u001b[2J to\nthe warehouse', labels: ['prod'] });
    const { out, exit } = await cli('show orders');
    expect(exit).toBe(0);
    expect(out).toContain('Orders [2J to the warehouse');
    expect(out).toContain('syncbot pause orders');
    expect(out).toMatch(/orders-incr +other +running +0/);
  });

  test('precheck is exit 1 when an item fails, and 0 when it only does not know', async () => {
    await world.project('orders', links);
    expect((await cli('precheck orders --json')).exit).toBe(1);
    await Promise.all(links.map(({ work }) => work(async () => {})));
    const ran = await cli('precheck orders');
    expect(ran.exit, ran.out).toBe(0);
    expect(ran.out).toMatch(/pass +workers connected/);
  });

  test('an unknown project is exit 1 with the nearest one', async () => {
    await world.project('orders', links);
    expect(await cli('show ordres')).toMatchObject({ exit: 1, err: expect.stringContaining('Did you mean orders?') });
    expect(JSON.parse((await cli('precheck zzz --json')).err)).toMatchObject({ code: 'unknown_project' });
  });
});

describe('doctor', () => {
  test('looks at everything and is exit 1 when something fails', async () => {
    await world.project('orders', links);
    await links[0]?.queue.pause();
    const ran = await cli('doctor --json');
    expect(ran.exit).toBe(1);
    const items: { item: string; result: string; message: string }[] = JSON.parse(ran.out);
    const of = (item: string) => items.find((one) => one.item === item);
    expect(of('REDIS_URL')).toMatchObject({ result: 'pass' });
    expect(of('connection other eviction')).toMatchObject({ result: 'pass' });
    expect(of('connection other version')?.message).toMatch(/^Redis \d/);
    expect(of('Slack')).toMatchObject({ result: 'unknown' });
    expect(of(`${file.path} applied`)).toMatchObject({ result: 'pass' });
    expect(of('link orders/orders-full')?.message).toContain('paused');
    expect(of('link orders/orders-incr')).toMatchObject({
      result: 'fail',
      message: expect.stringContaining('0 workers'),
    });
  });

  test('names what the file and the store do not share, and an empty policy when a bot is to run', async () => {
    await world.project('old', links);
    const env = { ...file.env, SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' };
    const { out } = await cli('doctor', { env });
    expect(out).toMatch(/fail .*applied +orders is in the file and not applied; old is no longer in the file/);
    expect(out).toMatch(/fail +policy.operators/);
  });

  test('still says what it can when the bot’s Redis is away', async () => {
    await world.server().stop();
    const ran = await cli('doctor --json');
    expect(ran.exit).toBe(1);
    expect(JSON.parse(ran.out)).toContainEqual(expect.objectContaining({ item: 'REDIS_URL', result: 'fail' }));
    expect(JSON.parse(ran.out)).toContainEqual(expect.objectContaining({ item: 'projects', result: 'unknown' }));
  });
});

test('without Redis every command is one sentence and exit 1', async () => {
  await world.server().stop();
  for (const line of ['list', 'show orders', 'pause orders --yes', 'apply --yes']) {
    const ran = await cli(line);
    expect(ran).toMatchObject({ exit: 1, out: '' });
    expect(ran.err.trim().split('\n')).toHaveLength(1);
    expect(ran.err).toContain('Nothing was changed');
  }
  expect(JSON.parse((await cli('list --json')).err)).toMatchObject({ code: 'redis_unavailable' });
});
