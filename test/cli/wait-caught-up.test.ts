import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { openAppOn, startCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
let orders: TestLink;

beforeEach(async () => {
  services = await startTestServices();
  configFile = await writeConfigFile('projects: {}\n');
  orders = await services.createLink('orders-full');
  await orders.queue.pause();
  await services.createProject('orders', [orders], { state: 'paused', labels: ['prod'] });
  await services.instance.startWorkers();
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const start = (line: string) =>
  startCliInProcess(line.split(' '), { env: configFile.env, openApp: openAppOn(services) });
const cli = (line: string) => start(line).ended;
const state = async (id = 'orders') => (await services.context.projects.read(id))?.state;
const addTasks = (link: TestLink, count: number) =>
  link.queue.addBulk(Array.from({ length: count }, () => ({ name: 'task', data: {} })));

/** Starts the command and waits until it waits for tasks that no worker takes. */
async function startWaiting(line: string) {
  await addTasks(orders, 3);
  const running = start(line);
  await waitFor(() => running.err().includes('Waiting: 3 tasks left · orders\n'), { describeState: running.err });
  return running;
}

describe('one project', () => {
  it('is restored, and the command ends when it has caught up.', async () => {
    const running = await startWaiting('restore orders --yes --wait-caught-up 10m');
    expect(running.out()).toMatch(/^orders was restored · /);
    await orders.startWorker(async () => {});
    expect(await running.ended).toMatchObject({ exit: 0, out: expect.stringMatching(/\nCaught up: orders\.\n$/) });
    expect((await orders.queue.getJobCounts('waiting'))['waiting']).toBe(0);
  });

  it('without a backlog has caught up at once.', async () => {
    expect(await cli('restore orders --yes --wait-caught-up 10m')).toMatchObject({ exit: 0 });
  });

  it('that takes in tasks all the time has caught up when a new one waits less than 10 s.', async () => {
    const running = await startWaiting('restore orders --yes --wait-caught-up 10m');
    // Each task that ends adds another one.
    await orders.startWorker(async () => void (await addTasks(orders, 1)));
    expect(await running.ended).toMatchObject({ exit: 0 });
  });

  it('stays Running when the time is over, and the command has its backlog.', async () => {
    await addTasks(orders, 3);
    expect(await cli('restore orders --yes --wait-caught-up 2s')).toMatchObject({
      exit: 3,
      err: expect.stringMatching(
        /The 2 s of --wait-caught-up are over\. The projects stay Running\.\n- orders · backlog 3 · latency \d+ s\n$/,
      ),
    });
    expect(await state()).toBe('running');
  });

  it('that a task makes Failed ends the command.', async () => {
    const running = await startWaiting('restore orders --yes --wait-caught-up 10m');
    await orders.startWorker(async () => {
      throw new Error('refused');
    });
    const { exit, err } = await running.ended;
    expect(exit).toBe(4);
    expect(err).toMatch(/Not every project is Running any more:\n- orders · Failed since .* UTC · by syncbot\n$/);
  });

  it('with a failed task has not caught up, also before it is Failed.', async () => {
    // Without a syncbot worker the project stays Running.
    await using own = await startTestServices();
    const users = await own.createLink('users');
    await users.startWorker(async () => {
      throw new Error('refused');
    });
    await addTasks(users, 1);
    await waitFor(async () => (await users.queue.getJobCounts('failed'))['failed'] === 1);
    await own.createProject('users', [users]);
    const argv = ['restore', 'users', '--yes', '--wait-caught-up', '2s'];
    const { ended } = startCliInProcess(argv, { env: configFile.env, openApp: openAppOn(own) });
    expect(await ended).toMatchObject({ exit: 3, err: expect.stringContaining('- users · backlog 0') });
  });

  it('that another person pauses ends the command.', async () => {
    const running = await startWaiting('restore orders --yes --wait-caught-up 10m');
    await services.requestAndConfirm('orders', 'pause', 'U0BOB');
    expect(await running.ended).toMatchObject({
      exit: 4,
      err: expect.stringMatching(/- orders · Paus(ing|ed) since .* UTC · by U0BOB\n$/),
    });
  });

  it('that is Running already is only waited for.', async () => {
    await cli('restore orders --yes');
    const running = await startWaiting('restore orders --yes --wait-caught-up 10m');
    expect(running.err()).toContain('The links of orders are resumed already. The command waits for this project.\n');
    await orders.startWorker(async () => {});
    expect(await running.ended).toMatchObject({ exit: 0, out: 'Caught up: orders.\n' });
  });

  it('can be started with the same wait.', async () => {
    const users = await services.createLink('users');
    await users.queue.pause();
    await services.createProject('users', [users], { state: 'not_started' });
    await users.startWorker(async () => {});
    await addTasks(users, 2);
    expect(await cli('start users --yes --wait-caught-up 10m')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^users was started · .*\nCaught up: users\.\n$/s),
    });
  });
});

it('A batch is restored after a deploy, without the project that another person paused since.', async () => {
  const users = await services.createLink('users');
  await services.createProject('users', [users], { labels: ['prod'] });
  await services.createProject('carts', [await services.createLink('carts')], { labels: ['prod'] });
  await cli('restore orders --yes');
  const paused = await cli('pause label:prod --yes --wait-quiet 10m --json');
  const { id } = JSON.parse(paused.out.split('\n')[0] ?? '');
  await cli('restore carts --yes');
  await cli('pause carts --yes');
  await addTasks(users, 2);
  await users.startWorker(async () => {});
  const restored = await cli(`restore batch:${id} --yes --wait-caught-up 10m --json`);
  expect(restored).toMatchObject({ exit: 0, err: '' });
  const events = restored.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toMatchObject({
    event: 'requested',
    action: 'restore',
    projects: ['orders', 'users'],
    already: [],
  });
  expect(events.at(-1)).toMatchObject({
    event: 'result',
    code: null,
    action: 'restore',
    projects: [{ project: 'orders' }, { project: 'users' }, { project: 'carts', state: 'refused', code: 'changed' }],
    wait: { goal: 'caught_up', reached: true },
  });
  expect([await state(), await state('users'), await state('carts')]).toEqual(['running', 'running', 'paused']);
});
