import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import { keys } from '../support/keys.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { type CliRunOptions, openAppOn, runCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
let link: TestLink;

beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('orders');
  configFile = await writeConfigFile('projects:\n  orders:\n    adopt: true\n    links: [{ queue: orders }]\n');
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const cli = (line: string, options: CliRunOptions = {}) =>
  runCliInProcess(line.split(' '), { env: configFile.env, openApp: openAppOn(services), ...options });
const dayMs = 86_400_000;
const projectState = async () => (await services.context.projects.read('orders'))?.state;

describe('pause and restore', () => {
  test('wait for the outcome, print it, and record reason and user', async () => {
    await services.createProject('orders', [link]);
    await services.instance.startWorkers();
    expect(await cli('pause orders --yes --reason deploy')).toEqual({
      exit: 0,
      out: expect.stringMatching(/^orders was paused · 1 link · by cli:alice at .* UTC · deploy\n$/),
      err: '',
    });
    expect(await link.queue.isPaused()).toBe(true);
    expect(await services.context.projects.read('orders')).toMatchObject({ by: 'cli:alice', reason: 'deploy' });
    const restored = JSON.parse((await cli('resume orders --yes --json')).out);
    expect(restored).toMatchObject({ project: 'orders', action: 'restore', state: 'done', projectState: 'running' });
    expect(await link.queue.isPaused()).toBe(false);
  });

  test('ask for confirmation on a terminal, and change nothing unless the answer is yes', async () => {
    await services.createProject('orders', [link]);
    await services.instance.startWorkers();
    for (const terminalInput of ['n\n', '\n', '']) {
      const result = await cli('pause orders', { terminalInput });
      expect(result).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('Nothing was changed') });
    }
    expect(await projectState()).toBe('running');
    const result = await cli('pause orders', { terminalInput: 'y\n' });
    expect(result).toMatchObject({ exit: 0, err: expect.stringContaining('Latency will grow') });
  });

  test('print the message and the code of a refusal, with exit code 1', async () => {
    await services.createProject('orders', [link]);
    expect(await cli('restore orders --yes')).toMatchObject({
      exit: 1,
      err: expect.stringMatching(
        /^orders is Running already\. Nothing to do\. It became Running at .* UTC, by cli:test\.\n$/,
      ),
    });
    expect(JSON.parse((await cli('restore orders --yes --json')).err)).toMatchObject({ code: 'not_allowed' });
    expect(JSON.parse((await cli('pause nope --yes --json')).err)).toMatchObject({ code: 'unknown_project' });
  });

  test('take a part of an id only after a question that names the project, and with --yes only the id', async () => {
    await services.createProject('orders', [link]);
    await services.instance.startWorkers();
    for (const line of ['pause ord --yes', 'pause Orders --yes', 'pause ord --json']) {
      const refused = await cli(line, { terminalInput: 'y\n' });
      expect(refused).toMatchObject({ exit: 1, err: expect.stringContaining('Did you mean orders?') });
    }
    expect(await projectState()).toBe('running');
    const { exit, err } = await cli('pause ord', { terminalInput: 'y\n' });
    expect(err).toMatch(/“ord” is the project orders\.[\s\S]*Pause orders\?/);
    expect(exit).toBe(0);
    expect(await projectState()).toBe('paused');
  });

  test('print the operation id with exit code 1 if the operation is open at the timeout', async () => {
    await services.createProject('orders', [link]);
    const result = await cli('pause orders --yes --timeout 50ms --json');
    expect(result.exit).toBe(1);
    const errorJson = JSON.parse(result.err);
    const [operation] = await services.context.operations.listRecent('orders', 1);
    expect(errorJson).toEqual({ code: 'still_open', message: expect.stringContaining(operation?.id ?? '-') });
  });

  test('print the open operation if Ctrl-C ends the wait', async () => {
    await services.createProject('orders', [link]);
    const signals = new EventEmitter();
    const run = cli('pause orders --yes', { signals });
    await waitFor(async () => (await services.context.operations.listRecent('orders', 1))[0]?.state === 'confirmed');
    signals.emit('SIGINT');
    expect(await run).toMatchObject({ exit: 1, err: expect.stringContaining('No syncbot worker has started it') });
    expect(signals.listenerCount('SIGINT') + signals.listenerCount('SIGTERM')).toBe(0);
  });

  test('confirm again if the reply was lost, and change the project once', async () => {
    await services.createProject('orders', [link]);
    await services.instance.startWorkers();
    let lostReplies = 0;
    const resolveOperation: typeof services.context.operations.resolve = async (step) => {
      const resolved = await services.context.operations.resolve(step);
      if (lostReplies++ === 0) throw new StoreUnavailableError('unknown', {});
      return resolved;
    };
    const openApp = openAppOn(services, {
      context: { operations: { ...services.context.operations, resolve: resolveOperation } },
    });
    expect(await cli('pause orders --yes', { openApp })).toMatchObject({
      exit: 0,
      err: expect.stringContaining('Checking'),
    });
    expect((await services.context.projects.read('orders'))?.version).toBe(3);
  });

  test('wait on if the clock of the host is set ahead', async () => {
    await services.createProject('orders', [link]);
    await services.instance.startWorkers();
    let now = Date.now();
    const clock = { ...services.context.clock, now: () => (now += dayMs) };
    expect(await cli('pause orders --yes', { openApp: openAppOn(services, { context: { clock } }) })).toMatchObject({
      exit: 0,
      out: expect.stringContaining('orders was paused'),
    });
  });

  test('report a confirmation that comes too late', async () => {
    await services.createProject('orders', [link]);
    const settings = { ...services.context.settings, confirmationTtlMs: -1 };
    const result = await cli('pause orders --yes --json', { openApp: openAppOn(services, { context: { settings } }) });
    expect(JSON.parse(result.err)).toMatchObject({
      code: 'expired',
      message: expect.stringMatching(/^orders · Expired at .* · it was not paused\nNothing was changed/),
    });
  });
});

describe('apply and run', () => {
  test('apply shows the plan, asks and applies, and a second apply has nothing to do', async () => {
    await configFile.rewrite('projects:\n  orders:\n    links: [{ queue: orders }, { queue: ghost }]\n');
    expect(await cli('apply')).toMatchObject({
      exit: 2,
      out: expect.stringContaining('pauses orders (default, bull)'),
    });
    expect(await cli('apply', { terminalInput: 'n\n' })).toMatchObject({ exit: 1 });
    expect(await projectState()).toBeUndefined();
    const result = await cli('apply', { terminalInput: 'y\n' });
    expect(result).toMatchObject({
      exit: 0,
      err: expect.stringMatching(/Next: run syncbot run\. .*\n$/),
      out: expect.stringMatching(/queue does not exist yet.*ghost[\s\S]*Applied: 1 created/),
    });
    expect(await link.queue.isPaused()).toBe(true);
    const nothing = { exit: 0, out: 'Nothing to do. 1 project unchanged.\n' };
    expect(await cli('apply')).toEqual({ ...nothing, err: '' });
    expect(await cli('apply', { terminalInput: '' })).toMatchObject({
      ...nothing,
      err: expect.stringMatching(/^Next:/),
    });
    const running = { id: 'p1', role: 'all', configurationVersion: 1, unusable: [] };
    await services.context.configurations.registerProcess(running, 60_000);
    expect(await cli('apply', { terminalInput: '' })).toEqual({ ...nothing, err: '' });
    await services.context.configurations.removeProcess('p1');
  });

  test('apply --plan prints what would change, with exit code 3, and changes nothing', async () => {
    await configFile.rewrite('projects:\n  orders:\n    links: [{ queue: orders }, { queue: ghost }]\n');
    expect(await cli('apply --plan')).toMatchObject({ exit: 3, out: expect.stringContaining('+ create orders') });
    const planned = await cli('apply --plan --json');
    const orders = { queue: 'orders', connection: 'default', prefix: 'bull' };
    expect(planned).toMatchObject({ exit: 3, err: '' });
    expect(JSON.parse(planned.out)).toEqual({
      changes: true,
      configuration: [],
      create: [
        {
          project: 'orders',
          state: 'not_started',
          links: [orders, { ...orders, queue: 'ghost' }],
          pauses: [orders],
          missing: [{ ...orders, queue: 'ghost' }],
          precheck: expect.arrayContaining([{ item: 'queues exist', result: 'fail', message: expect.any(String) }]),
        },
      ],
      update: [],
      remove: [],
      pauseAgain: [],
      unchanged: [],
      kept: [],
      unreadable: [],
    });
    expect(await projectState()).toBeUndefined();
    await cli('apply --yes');
    expect(await cli('apply --plan')).toMatchObject({ exit: 0 });
    await configFile.rewrite('projects:\n');
    expect(await cli('apply --plan')).toMatchObject({ exit: 2 });
    await configFile.rewrite('projects: {}\n');
    expect(await cli('apply --plan')).toMatchObject({
      exit: 0,
      out: 'Nothing to do.\nNot in the file, kept: orders. To remove it: syncbot apply --prune\n',
    });
    const startedByNpx = { env: { ...configFile.env, npm_command: 'exec' } };
    expect((await cli('apply --plan', startedByNpx)).out).toContain('To remove it: npx syncbot apply --prune\n');
    expect((await cli('show gone', startedByNpx)).err).toContain('npx syncbot list shows all projects.');
    const pruned = await cli('apply --prune --plan --json');
    expect(pruned.exit).toBe(3);
    expect(JSON.parse(pruned.out)).toMatchObject({ remove: [{ project: 'orders', leftPaused: [orders] }], kept: [] });
    expect(await projectState()).toBe('not_started');
  });

  test('export writes a file that changes nothing, and needs no file', async () => {
    await configFile.rewrite('policy: { operators: [U0123] }\nprojects:\n  orders:\n    links: [{ queue: orders }]\n');
    await cli('apply --yes');
    await configFile.rewrite('not: [valid');
    const printed = await cli('export');
    expect(printed).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/operators:\n +- U0123\n[\s\S]*queue: orders\n/),
    });
    expect(await cli(`export --output ${configFile.path}`)).toMatchObject({ exit: 0, out: '' });
    expect(await cli('apply --plan')).toMatchObject({ exit: 0, out: 'Nothing to do. 1 project unchanged.\n' });
    expect(await cli('export --output /nowhere/syncbot.yml')).toMatchObject({
      exit: 1,
      err: '/nowhere/syncbot.yml cannot be written (ENOENT).\n',
    });
  });

  test('a project that cannot be read is named by apply, export and doctor, and no step follows from it', async () => {
    await cli('apply --yes');
    await services.redis.hset(keys.project('orders').state, 'v', '9');
    const named = expect.stringMatching(/does not have orders: .*cannot read it\.\n/);
    expect(await cli('export')).toMatchObject({ exit: 1, err: named });
    const doctor = await cli('doctor');
    expect(doctor).toMatchObject({ exit: 1, out: expect.stringMatching(/^Fail +projects +.* cannot read orders/m) });
    expect(doctor.out).toMatch(/^Pass +\S+ applied/m);
    await configFile.rewrite('projects: {}\n');
    expect(await cli('apply --prune --plan')).toMatchObject({
      exit: 0,
      out: 'Nothing to do.\nNot in the file, kept, and this version of syncbot cannot read it: orders.\n',
    });
  });

  test('an apply that a conflict stops names what it has applied', async () => {
    await configFile.rewrite('projects:\n  orders:\n    links: [{ queue: orders }]\n');
    const projects = { ...services.context.projects, save: async () => ({ kind: 'conflict' as const }) };
    const result = await cli('apply --yes', { openApp: openAppOn(services, { context: { projects } }) });
    expect(result).toMatchObject({
      exit: 1,
      err: expect.stringContaining('Only this was applied: policy, settings and connections.'),
    });
    expect(await services.context.configurations.read()).toMatchObject({ kind: 'read', version: 1 });
  });

  test('a refused apply prints every reason, with exit code 1', async () => {
    const paused = await services.createLink('paused');
    await paused.queue.pause();
    await configFile.rewrite(
      'projects:\n  orders:\n    adopt: true\n    links: [{ queue: orders }, { queue: paused }]\n',
    );
    const result = await cli('apply --yes');
    expect(result).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('others are paused (paused)') });
  });

  test('run applies the file only if no project is stored, and SIGTERM ends it with exit code 0', async () => {
    const env = { ...configFile.env, LOG_LEVEL: 'warn' };
    const run = async () => {
      const signals = new EventEmitter();
      const runRoles = async (_role: string, signal: AbortSignal, onStart = async () => {}) => {
        await onStart();
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve());
          signals.emit('SIGTERM');
        });
      };
      return cli('run --role worker', { env, signals, openApp: openAppOn(services, { runRoles }) });
    };
    expect(await run()).toEqual({ exit: 0, out: '', err: '' });
    expect(await services.context.projects.read('orders')).toMatchObject({
      state: 'running',
      by: 'syncbot',
      oldestUnprocessedAt: null,
    });
    await configFile.rewrite('projects: {}\n');
    const secondRun = await run();
    expect(secondRun.exit).toBe(0);
    expect(JSON.parse(secondRun.err)).toMatchObject({ level: 'warn', difference: 'orders is no longer in the file' });
    expect(await projectState()).toBe('running');
  });
});

describe('several projects', () => {
  beforeEach(async () => {
    await services.createProject('orders', [link], { labels: ['prod'] });
    await services.createProject('users', [await services.createLink('users')], { labels: ['prod'] });
    await services.createProject('carts', [await services.createLink('carts')], { labels: ['prod'], state: 'paused' });
  });

  test('are changed together, with one result for each', async () => {
    await services.instance.startWorkers();
    const result = await cli('pause label:prod --yes --json --reason deploy');
    expect(result).toMatchObject({ exit: 0, err: '' });
    expect(JSON.parse(result.out)).toMatchObject({
      id: expect.stringMatching(/^[a-z0-9]+$/),
      action: 'pause',
      state: 'done',
      by: 'cli:alice',
      reason: 'deploy',
      selection: 'label:prod',
      projects: [
        { project: 'orders', state: 'done', code: null },
        { project: 'users', state: 'done', code: null },
        { project: 'carts', state: 'refused', code: 'not_allowed' },
      ],
    });
    expect(await cli('restore orders users --yes')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^orders and users · 2 projects were restored · by cli:alice at .* UTC\n$/),
    });
  });

  test('are named before the question, and not changed without a yes', async () => {
    const result = await cli('pause label:prod except users', { terminalInput: 'n\n' });
    expect(result).toMatchObject({ exit: 1, out: '' });
    expect(result.err).toContain('carts · it was Paused, since');
    expect(result.err).toContain(
      '1 of 2 can be paused: 1 link, backlog 0, latency 0 s.\norders\nPause 1 of 2 projects?',
    );
    expect(await projectState()).toBe('running');
  });

  test('that are still open at the timeout are exit code 1, with the id of the batch', async () => {
    const result = await cli('pause orders users --yes --timeout 1s');
    expect(result).toMatchObject({ exit: 1, err: expect.stringMatching(/^Batch [a-z0-9]+ is not done yet/) });
  });

  test.each([
    [
      'pause label:none --yes',
      1,
      '“label:none” selects no project. No project matches label:none. Nothing was changed.',
    ],
    [
      'pause orders usrs --yes',
      1,
      '“usrs” in syncbot pause orders usrs does not mean one project. Nothing was changed.',
    ],
    ['start label:prod --yes', 1, 'None of 3 projects can be started. Nothing was changed.'],
    ['pause state:broken --yes', 2, 'There is no state called “broken”. Nothing was changed.'],
    ['pause label:prod except --yes', 2, 'There is nothing after “except”. Nothing was changed.'],
    ['restore orders users --skip 7 --yes', 2, 'Use --skip with one project only.'],
  ])('%s is exit code %d', async (line, exit, message) => {
    expect(await cli(line)).toMatchObject({ exit, err: expect.stringContaining(message) });
    expect(await projectState()).toBe('running');
  });
});
