import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { type CliRunOptions, openAppOn, startCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
let orders: TestLink;
/** `started` and `end` of the task in flight. */
const tasks = new EventEmitter();

beforeEach(async () => {
  services = await startTestServices({ throughProxy: true, extraServers: ['warehouse'] });
  configFile = await writeConfigFile('projects: {}\n');
  orders = await services.createLink('orders-full');
});
afterEach(async () => {
  tasks.emit('end');
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const start = (line: string, options: CliRunOptions = {}) =>
  startCliInProcess(line.split(' '), { env: configFile.env, openApp: openAppOn(services), ...options });
const cli = (line: string) => start(line).ended;
const read = async (id = 'orders') => (await services.context.projects.read(id)) ?? expect.fail('no project');
const lines = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** A worker with one task in flight, which ends when the test says so. */
async function startTask(link: TestLink): Promise<{ readonly end: () => void }> {
  await link.startWorker(async () => {
    tasks.emit('started');
    await once(tasks, 'end');
  });
  const started = once(tasks, 'started');
  await link.queue.add('task', {});
  await started;
  return { end: () => void tasks.emit('end') };
}

/** Starts the command and waits until it waits for a task in flight. */
async function startWaiting(line: string, options: CliRunOptions = {}) {
  const running = start(line, options);
  await waitFor(() => running.err().includes('1 task in flight'), { describeState: running.err });
  return running;
}

describe('one project', () => {
  beforeEach(async () => {
    await services.createProject('orders', [orders]);
    await services.instance.startWorkers();
  });

  it('is paused, and the command ends when its last task in flight has ended.', async () => {
    const task = await startTask(orders);
    const running = await startWaiting('pause orders --yes --wait-quiet 10m');
    expect(await read()).toMatchObject({ state: 'paused' });
    expect(running.out()).toMatch(/^orders was paused · .*\n$/s);
    task.end();
    expect(await running.ended).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/\nNo task is in flight: orders\.\n$/),
    });
    expect((await orders.queue.getJobCounts('active'))['active']).toBe(0);
  });

  it('stays Paused when the time is over, and the command names the link with tasks in flight.', async () => {
    const task = await startTask(orders);
    expect(await cli('pause orders --yes --wait-quiet 1s')).toMatchObject({
      exit: 3,
      err: expect.stringContaining(
        'The 1 s of --wait-quiet are over. The projects stay Paused.\n' +
          '- orders · 1 task in flight on orders-full\n' +
          'Restore with: syncbot restore orders\n',
      ),
    });
    expect(await read()).toMatchObject({ state: 'paused' });
    task.end();
  });

  it('that is Paused already is not paused again, and the command waits for its tasks.', async () => {
    const task = await startTask(orders);
    await cli('pause orders --yes');
    const { version, by, since } = await read();
    const running = await startWaiting('pause orders --yes --wait-quiet 10m');
    expect(running.err()).toMatch(/^orders is Paused already\..*\nThe links of orders are paused already\. /s);
    task.end();
    expect(await running.ended).toMatchObject({ exit: 0, out: 'No task is in flight: orders.\n' });
    expect(await read()).toMatchObject({ state: 'paused', version, by, since });
  });

  it('that does not exist is refused as without the wait.', async () => {
    const result = await cli('pause nope --yes --wait-quiet 10m --json');
    expect(result.exit).toBe(1);
    expect(lines(result.out)).toEqual([
      { event: 'result', at: expect.any(Number), code: 'unknown_project', message: expect.any(String) },
    ]);
    expect(JSON.parse(result.err)).toMatchObject({ code: 'unknown_project' });
  });

  it.each(['restore', 'remove'])('is not Paused any more after a %s, and the command ends.', async (change) => {
    const task = await startTask(orders);
    const running = await startWaiting('pause orders --yes --wait-quiet 10m');
    if (change === 'restore') await services.requestAndConfirm('orders', 'restore', 'U0BOB');
    else await services.context.projects.remove('orders', (await read()).version, 'U0BOB');
    const { exit, err, out } = await running.ended;
    expect(exit).toBe(4);
    expect(err).toContain('Tasks may be in flight, because not every project is Paused any more:\n- orders · ');
    expect(err).toMatch(change === 'restore' ? /(Restoring|Running) since .* UTC · by U0BOB\n$/ : /removed\n$/);
    expect(out).not.toContain('No task is in flight');
    task.end();
  });

  it('that was restored after the last read of its links is not quiet.', async () => {
    let reads = 0;
    const readMany: typeof services.context.projects.readMany = async (ids) => {
      reads += 1;
      // The second read of a check that found no task in flight.
      if (reads === 2) {
        await services.requestAndConfirm('orders', 'restore', 'U0BOB');
        await waitFor(async () => (await read()).state === 'running');
      }
      return services.context.projects.readMany(ids);
    };
    const openApp = openAppOn(services, { context: { projects: { ...services.context.projects, readMany } } });
    const { exit } = await start('pause orders --yes --wait-quiet 10m', { openApp }).ended;
    expect(exit).toBe(4);
  });

  it('is waited for while Redis does not answer.', async () => {
    const task = await startTask(orders);
    const running = await startWaiting('pause orders --yes --wait-quiet 10m');
    services.proxy.goDown();
    await waitFor(() => running.err().includes("The bot's Redis does not answer. The command still waits.\n"));
    services.proxy.recover();
    await waitFor(() => running.err().includes("The bot's Redis answers again.\n"));
    task.end();
    expect(await running.ended).toMatchObject({ exit: 0 });
  });

  it('is reported as it was before when the time is over and Redis does not answer.', async () => {
    const task = await startTask(orders);
    const running = await startWaiting('pause orders --yes --wait-quiet 4s');
    services.proxy.goDown();
    expect(await running.ended).toMatchObject({
      exit: 3,
      err: expect.stringContaining("The bot's Redis does not answer. Before that:\n- orders · 1 task in flight"),
    });
    services.proxy.recover();
    task.end();
  });

  it('stays Paused if Ctrl-C ends the wait.', async () => {
    const task = await startTask(orders);
    const signals = new EventEmitter();
    const running = await startWaiting('pause orders --yes --wait-quiet 10m', { signals });
    signals.emit('SIGINT');
    expect(await running.ended).toMatchObject({
      exit: 1,
      err: expect.stringMatching(
        /The command was stopped during --wait-quiet\. The projects stay Paused\.\n- orders · /,
      ),
    });
    expect(await read()).toMatchObject({ state: 'paused' });
    expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
    task.end();
  });
});

it('A link that cannot be read is not quiet.', async () => {
  const remote = await services.createLink('orders-incr', 'warehouse');
  await services.createProject('orders', [orders, remote]);
  await services.instance.startWorkers();
  const task = await startTask(orders);
  const signals = new EventEmitter();
  const running = await startWaiting('pause orders --yes --wait-quiet 10m', { signals });
  await services.server('warehouse').stop();
  task.end();
  await waitFor(() => running.err().includes('0 tasks in flight · 1 link could not be read'));
  signals.emit('SIGINT');
  expect(await running.ended).toMatchObject({
    exit: 1,
    err: expect.stringContaining('- orders · warehouse/orders-incr could not be read\n'),
  });
});

it('A link that another client resumes is not quiet.', async () => {
  await services.createProject('orders', [orders]);
  await services.instance.startWorkers();
  const task = await startTask(orders);
  const signals = new EventEmitter();
  const running = await startWaiting('pause orders --yes --wait-quiet 10m', { signals });
  await orders.queue.resume();
  task.end();
  await waitFor(() => running.err().includes('0 tasks in flight'));
  signals.emit('SIGINT');
  expect(await running.ended).toMatchObject({ exit: 1, err: expect.stringContaining('orders-full is not paused') });
});

it('Projects that were not all paused are not waited for.', async () => {
  await services.createProject('orders', [orders]);
  await services.createProject('carts', [await services.createLink('carts')]);
  // No worker runs.
  const { exit, out, err } = await cli('pause orders carts --yes --timeout 1s --wait-quiet 10m --json');
  expect(exit).toBe(1);
  const [requested, ...rest] = lines(out);
  const { id } = requested ?? {};
  expect(rest).toMatchObject([{ event: 'result', code: 'still_open', id, state: 'confirmed' }]);
  expect(JSON.parse(err)).toMatchObject({ code: 'still_open' });
});

describe('several projects', () => {
  let carts: TestLink;
  beforeEach(async () => {
    carts = await services.createLink('carts');
    await services.createProject('orders', [orders], { labels: ['prod'] });
    await services.createProject('carts', [carts], { labels: ['prod'] });
    await services.instance.startWorkers();
  });

  it('are quiet when the tasks of all have ended, also of one that was Paused before.', async () => {
    const task = await startTask(carts);
    await cli('pause carts --yes');
    const running = await startWaiting('pause label:prod --yes --wait-quiet 10m');
    expect(running.err()).toContain('The links of carts are paused already. The command waits for this project.\n');
    expect(await read()).toMatchObject({ state: 'paused' });
    task.end();
    expect(await running.ended).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/\nNo task is in flight: carts and orders\.\n$/),
    });
  });

  it('that are all Paused already are only waited for.', async () => {
    await cli('pause label:prod --yes');
    const [before, operations] = [await read(), await services.context.operations.listRecent('orders', 10)];
    expect(await cli('pause label:prod --yes --wait-quiet 10m')).toMatchObject({
      exit: 0,
      out: 'No task is in flight: carts and orders.\n',
    });
    expect((await read()).version).toBe(before.version);
    expect(await services.context.operations.listRecent('orders', 10)).toHaveLength(operations.length);
  });

  it('of which one runs and cannot be paused are all left as they are.', async () => {
    await services.createProject('users', [await services.createLink('users')], {
      labels: ['prod'],
      pauseMax: 3_600_000,
    });
    const result = await cli('pause label:prod --yes --for 2h --wait-quiet 10m');
    expect(result).toMatchObject({
      exit: 1,
      err: expect.stringContaining('users cannot be paused, so --wait-quiet could not succeed. Nothing was changed.\n'),
    });
    expect([await read(), await read('carts')]).toMatchObject([{ state: 'running' }, { state: 'running' }]);
  });

  it('are reported as lines of JSON, and the last one is the result.', async () => {
    const task = await startTask(orders);
    const running = start('pause label:prod --yes --wait-quiet 10m --json --reason deploy');
    await waitFor(() => running.out().includes('"waiting"'));
    task.end();
    const { exit, out, err } = await running.ended;
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const [requested, done, ...rest] = lines(out);
    const at = expect.any(Number);
    const id = expect.stringMatching(/^[a-z0-9]+$/);
    expect(requested).toEqual({
      event: 'requested',
      at,
      id,
      action: 'pause',
      projects: ['carts', 'orders'],
      already: [],
    });
    const outcome = {
      id: requested?.['id'],
      action: 'pause',
      state: 'done',
      reason: 'deploy',
      selection: 'label:prod',
    };
    expect(done).toMatchObject({ event: 'done', at, ...outcome });
    expect(rest.slice(0, -1)).toContainEqual({
      event: 'waiting',
      at,
      goal: 'quiet',
      redisAnswers: true,
      remaining: [
        {
          project: 'orders',
          state: 'paused',
          backlog: 0,
          latencyMs: 0,
          links: [{ queue: 'orders-full', connection: 'default', prefix: 'bull', active: 1, paused: true }],
        },
      ],
    });
    expect(rest.at(-1)).toMatchObject({
      event: 'result',
      at,
      code: null,
      ...outcome,
      wait: { goal: 'quiet', reached: true },
      message: 'No task is in flight: carts and orders.',
    });
  });

  it('that are not quiet in time have a result with what remains, and an error on stderr.', async () => {
    const task = await startTask(orders);
    const { exit, out, err } = await cli('pause label:prod --yes --wait-quiet 1s --json');
    expect(exit).toBe(3);
    expect(lines(out).at(-1)).toMatchObject({
      event: 'result',
      code: 'timed_out',
      id: expect.any(String),
      wait: { reached: false, remaining: [{ project: 'orders' }] },
    });
    expect(JSON.parse(err)).toEqual({
      code: 'timed_out',
      message: expect.stringMatching(/Restore with: syncbot restore batch:[a-z0-9]+$/),
    });
    task.end();
  });
});
