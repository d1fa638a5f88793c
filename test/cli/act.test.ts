import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/application/faults.ts';
import { waitFor } from '../support/wait.ts';
import { type OwnedLink, openWorld, type World } from '../support/world.ts';
import { appOf, configFile, type RunOptions, runHere } from './shell.ts';

let world: World;
let file: Awaited<ReturnType<typeof configFile>>;
let link: OwnedLink;

beforeEach(async () => {
  world = await openWorld();
  link = await world.link('orders');
  file = await configFile('projects:\n  orders:\n    adopt: true\n    links: [{ queue: orders }]\n');
});
afterEach(async () => {
  await file[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const cli = (line: string, options: RunOptions = {}) =>
  runHere(line.split(' '), { env: file.env, openApp: appOf(world), ...options });
const stateOf = async () => (await world.deps.store.read('orders'))?.state;

describe('pause and restore', () => {
  test('wait for the outcome and tell it; the reason and who did it are kept', async () => {
    await world.project('orders', [link]);
    await world.app.startWorker();
    expect(await cli('pause orders --yes --reason deploy')).toEqual({
      exit: 0,
      out: 'orders is Paused · 1 link · by cli:alice · deploy\n',
      err: '',
    });
    expect(await link.queue.isPaused()).toBe(true);
    expect(await world.deps.store.read('orders')).toMatchObject({ by: 'cli:alice', reason: 'deploy' });
    const restored = JSON.parse((await cli('resume orders --yes --json')).out);
    expect(restored).toMatchObject({ project: 'orders', action: 'restore', state: 'done', projectState: 'running' });
    expect(await link.queue.isPaused()).toBe(false);
  });

  test('ask on a terminal: yes goes on, anything else changes nothing', async () => {
    await world.project('orders', [link]);
    await world.app.startWorker();
    for (const typed of ['n\n', '\n', '']) {
      const ran = await cli('pause orders', { typed });
      expect(ran).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('Nothing was changed') });
    }
    expect(await stateOf()).toBe('running');
    const ran = await cli('pause orders', { typed: 'y\n' });
    expect(ran).toMatchObject({ exit: 0, err: expect.stringContaining('Latency will grow') });
  });

  test('a refusal is exit 1, its sentence and its code', async () => {
    await world.project('orders', [link]);
    expect(await cli('restore orders --yes')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('Nothing was changed'),
    });
    expect(JSON.parse((await cli('restore orders --yes --json')).err)).toMatchObject({ code: 'not_allowed' });
    expect(JSON.parse((await cli('pause nope --yes --json')).err)).toMatchObject({ code: 'unknown_project' });
  });

  test('what is still open at the timeout is exit 1 with the operation’s id', async () => {
    await world.project('orders', [link]);
    const ran = await cli('pause orders --yes --timeout 50ms --json');
    expect(ran.exit).toBe(1);
    const told = JSON.parse(ran.err);
    const [operation] = await world.deps.store.recentOperations('orders', 1);
    expect(told).toEqual({ code: 'still_open', message: expect.stringContaining(operation?.id ?? '-') });
  });

  test('Ctrl-C while waiting says what is still open', async () => {
    await world.project('orders', [link]);
    const signals = new EventEmitter();
    const running = cli('pause orders --yes', { signals });
    await waitFor(async () => (await world.deps.store.recentOperations('orders', 1))[0]?.state === 'confirmed');
    signals.emit('SIGINT');
    expect(await running).toMatchObject({ exit: 1, err: expect.stringContaining('waits for a worker') });
    expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
  });

  test('a lost answer to the confirmation is asked for again, never done twice', async () => {
    await world.project('orders', [link]);
    await world.app.startWorker();
    let lost = 0;
    const settle: typeof world.deps.store.settle = async (step) => {
      const settled = await world.deps.store.settle(step);
      if (lost++ === 0) throw new StoreUnavailable('unknown', {});
      return settled;
    };
    const openApp = appOf(world, { deps: { store: { ...world.deps.store, settle } } });
    expect(await cli('pause orders --yes', { openApp })).toMatchObject({
      exit: 0,
      err: expect.stringContaining('checking'),
    });
    expect((await world.deps.store.read('orders'))?.version).toBe(3);
  });

  test('a confirmation that comes too late is told', async () => {
    await world.project('orders', [link]);
    const settings = { ...world.deps.settings, confirmationTtlMs: -1 };
    const ran = await cli('pause orders --yes --json', { openApp: appOf(world, { deps: { settings } }) });
    expect(JSON.parse(ran.err)).toMatchObject({
      code: 'expired',
      message: expect.stringContaining('Expired before it was confirmed'),
    });
  });
});

describe('apply and run', () => {
  test('apply shows the plan, asks, applies; the second time there is nothing to do', async () => {
    await file.rewrite('projects:\n  orders:\n    links: [{ queue: orders }, { queue: ghost }]\n');
    expect(await cli('apply')).toMatchObject({
      exit: 2,
      out: expect.stringContaining('pauses orders (default, bull)'),
    });
    expect(await cli('apply', { typed: 'n\n' })).toMatchObject({ exit: 1 });
    expect(await stateOf()).toBeUndefined();
    const ran = await cli('apply', { typed: 'y\n' });
    expect(ran).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/no such queue yet.*ghost[\s\S]*Applied: 1 created/),
    });
    expect(await link.queue.isPaused()).toBe(true);
    expect(await cli('apply')).toMatchObject({ exit: 0, out: 'Nothing to do. 1 project unchanged.\n' });
  });

  test('apply that is refused names every reason, exit 1', async () => {
    const paused = await world.link('paused');
    await paused.queue.pause();
    await file.rewrite('projects:\n  orders:\n    adopt: true\n    links: [{ queue: orders }, { queue: paused }]\n');
    const ran = await cli('apply --yes');
    expect(ran).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('others are paused (paused)') });
  });

  test('run applies the file only when no project is known, and SIGTERM ends it with exit 0', async () => {
    const env = { ...file.env, LOG_LEVEL: 'warn' };
    const run = async () => {
      const signals = new EventEmitter();
      const runRoles = async (_role: string, signal: AbortSignal, begin = async () => {}) => {
        await begin();
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
          signals.emit('SIGTERM');
        });
      };
      return cli('run --role worker', { env, signals, openApp: appOf(world, { runRoles }) });
    };
    expect(await run()).toEqual({ exit: 0, out: '', err: '' });
    expect(await world.deps.store.read('orders')).toMatchObject({ state: 'running', by: 'syncbot', logFrom: null });
    await file.rewrite('projects: {}\n');
    const second = await run();
    expect(second.exit).toBe(0);
    expect(JSON.parse(second.err)).toMatchObject({ level: 'warn', difference: 'orders is no longer in the file' });
    expect(await stateOf()).toBe('running');
  });
});
