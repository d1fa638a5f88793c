import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { updateAlertsFromState } from '../../src/application/alerts.ts';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { type CliRunOptions, openAppOn, runCliInProcess, writeConfigFile } from './cli-fixture.ts';

const hourMs = 3_600_000;
let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
beforeEach(async () => {
  services = await startTestServices();
  configFile = await writeConfigFile('projects: {}\n');
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const cli = (argv: readonly string[], options: CliRunOptions = {}) =>
  runCliInProcess(argv, { env: configFile.env, openApp: openAppOn(services), ...options });
const read = async () => (await services.context.projects.read('orders')) ?? expect.fail('no project');

async function createOrders(definition: Partial<ProjectDefinition> = {}): Promise<void> {
  await services.createProject('orders', [await services.createLink('orders-full')], definition);
}

describe('the end of a pause', () => {
  beforeEach(() => createOrders());

  it.each([
    ['--for', '2h'],
    ['--until', 'tomorrow 06:00'],
  ])('is set with %s %s, and the outcome has it.', async (option, text) => {
    await services.instance.startWorkers();
    const { exit, out } = await cli(['pause', 'orders', '--yes', option, text, '--json']);
    expect(exit).toBe(0);
    const { pausedUntil, message } = JSON.parse(out);
    expect((await read()).pausedUntil).toMatchObject({ at: pausedUntil, by: 'cli:alice' });
    expect(message).toMatch(/Planned end: .* UTC/);
  });

  it('is moved by extend, counted from the end.', async () => {
    await services.instance.startWorkers();
    await cli(['pause', 'orders', '--yes', '--for', '2h']);
    const before = (await read()).pausedUntil?.at ?? 0;
    const { exit, out } = await cli(['extend', 'orders', '1h', '--json']);
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      project: 'orders',
      pausedUntil: { at: before + hourMs, by: 'cli:alice' },
      message: expect.stringMatching(/^The pause of orders ends at .* UTC\.$/),
    });
    expect((await read()).pausedUntil?.at).toBe(before + hourMs);
  });

  it('is removed by keep-paused, once.', async () => {
    await services.instance.startWorkers();
    await cli(['pause', 'orders', '--yes', '--for', '2h']);
    expect(await cli(['keep-paused', 'orders'])).toEqual({
      exit: 0,
      out: 'orders stays Paused until you restore it.\n',
      err: '',
    });
    expect(await read()).toMatchObject({ state: 'paused', pausedUntil: null, keptPaused: { by: 'cli:alice' } });
    expect(await cli(['keep-paused', 'orders', '--json'])).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringMatching(
        /^\{"code":"no_reminder","message":"orders is Paused already: cli:alice kept it Paused/,
      ),
    });
  });

  it.each([
    ['--until', '25:00', 'orders · Not paused: “25:00” is not a time of day.'],
    ['--until', '2020-01-01 06:00', 'orders · Not paused: “2020-01-01 06:00” has passed, read as '],
    ['--until', '2026-02-30 06:00', 'the date of “2026-02-30 06:00” does not exist.'],
    ['--until', 'tomorrow', 'orders · Not paused: “tomorrow” has no time of day.'],
    ['--for', 'soon', 'orders · Not paused: “soon” is not a duration'],
    ['--for', '31 days', 'a pause with a limit lasts at most 30 d.'],
    ['--for', '1s', 'a pause with a limit lasts at least 1 min.'],
    ['--for', '', 'the duration is missing.'],
  ])('is refused as %s %s, with its sentence.', async (option, text, sentence) => {
    const result = await cli(['pause', 'orders', '--yes', option, text]);
    expect(result).toMatchObject({ exit: 1, out: '', err: expect.stringContaining(sentence) });
    expect(result.err).toContain('Nothing was changed.');
    expect(await read()).toMatchObject({ state: 'running', version: 1 });
  });

  it('is refused once for several projects.', async () => {
    const result = await cli(['pause', 'state:running', '--yes', '--until', '25:00']);
    expect(result).toMatchObject({
      exit: 1,
      out: '',
      err: expect.stringContaining('state:running · Not paused: “25:00”'),
    });
    expect(await read()).toMatchObject({ state: 'running', version: 1 });
  });

  it('is not given twice.', async () => {
    const result = await cli(['pause', 'orders', '--yes', '--for', '2h', '--until', '18:30']);
    expect(result).toMatchObject({ exit: 2, err: expect.stringContaining("'--until <time>' cannot be used with") });
  });

  it.each([
    [['extend', 'orders', 'soon'], 'orders · Not extended: “soon” is not a duration'],
    [['extend', 'orders', '31', 'days'], 'orders · Not extended: a pause with a limit lasts at most 30 d.'],
    [['extend', 'orders', '1h'], 'orders is Paused, and its pause has no end that could be moved.'],
  ])('%j is refused with its sentence.', async (argv, sentence) => {
    await services.instance.startWorkers();
    await cli(['pause', 'orders', '--yes']);
    expect(await cli(argv)).toMatchObject({ exit: 1, out: '', err: expect.stringContaining(sentence) });
  });

  it.each([[['extend', 'orders', '1h', '--json']], [['keep-paused', 'orders', '--json']]])(
    'of a project that is not Paused is not moved: %j.',
    async (argv) => {
      expect(await cli(argv)).toMatchObject({
        exit: 1,
        err: expect.stringMatching(/^\{"code":"not_paused","message":"orders is Running, since /),
      });
    },
  );
});

describe('the reminder of a pause', () => {
  it('is answered by keep-paused.', async () => {
    await createOrders({ pausedReminder: hourMs });
    await services.instance.startWorkers();
    await cli(['pause', 'orders', '--yes']);
    await services.redis.hincrby('syncbot:{p:orders}:state', 'since', -hourMs);
    await updateAlertsFromState(services.context, 'orders');
    expect((await read()).alerts.paused_reminder?.alert.state).toBe('firing');
    const { exit, out } = await cli(['keep-paused', 'orders', '--json']);
    expect(exit).toBe(0);
    const message = 'orders stays Paused until you restore it.';
    expect(JSON.parse(out)).toEqual({ project: 'orders', pausedUntil: null, message });
    expect(await read()).toMatchObject({ state: 'paused', keptPaused: { by: 'cli:alice' } });
  });
});

describe('a pause above pauseMax', () => {
  beforeEach(() => createOrders({ pauseMax: hourMs }));

  it('is refused.', async () => {
    expect(await cli(['pause', 'orders', '--yes', '--for', '2h'])).toMatchObject({
      exit: 1,
      err: expect.stringContaining('it may stay Paused for at most 1 h from now (pauseMax). Nothing was changed.'),
    });
    expect(await read()).toMatchObject({ state: 'running' });
  });

  it('is the end that keep-paused sets.', async () => {
    await services.instance.startWorkers();
    await cli(['pause', 'orders', '--yes', '--for', '5 min']);
    const before = (await read()).pausedUntil?.at ?? expect.fail('no end');
    const { exit, out } = await cli(['keep-paused', 'orders', '--json']);
    expect(exit).toBe(0);
    const after = (await read()).pausedUntil?.at ?? expect.fail('no end');
    expect(after).toBeGreaterThan(before + 50 * 60_000);
    expect(JSON.parse(out)).toMatchObject({ pausedUntil: { at: after, by: 'cli:alice' } });
    expect(out).toMatch(
      /orders stays Paused until .* UTC, as its pauseMax allows\. Then syncbot restores it by itself\./,
    );
  });

  it('is not reached by an extension.', async () => {
    await services.instance.startWorkers();
    await cli(['pause', 'orders', '--yes', '--for', '50 min']);
    expect(await cli(['extend', 'orders', '1h'])).toMatchObject({
      exit: 1,
      err: expect.stringContaining('at most 1 h from now (pauseMax)'),
    });
  });
});

describe('a pause beyond logRetention', () => {
  beforeEach(async () => {
    await createOrders({ logRetention: hourMs });
    await services.instance.startWorkers();
  });
  const warning = /This is too late: the source keeps its log only until .* UTC, and after that changes may be lost\./;

  it('is possible, and the question warns.', async () => {
    const result = await cli(['pause', 'orders', '--for', '2h'], { terminalInput: 'n\n' });
    expect(result).toMatchObject({ exit: 1, err: expect.stringMatching(warning) });
    expect(await read()).toMatchObject({ state: 'running' });
  });

  it('is possible without a question, and the command warns.', async () => {
    const result = await cli(['pause', 'orders', '--for', '2h', '--yes']);
    expect(result).toMatchObject({ exit: 0, err: expect.stringMatching(warning) });
    expect(await read()).toMatchObject({ state: 'paused' });
  });

  it('gives no warning if it ends before, and the question of a pause without an end has the deadline.', async () => {
    const timed = await cli(['pause', 'orders', '--for', '30 min'], { terminalInput: 'n\n' });
    expect(timed.err).toContain('Latency will grow until then.\nPause orders?');
    const open = await cli(['pause', 'orders'], { terminalInput: 'n\n' });
    expect(open.err).toMatch(/The source keeps its log until .* UTC: restore orders before then\.\nPause orders\?/);
  });

  it('is possible for several projects. The question warns, and without one the command does.', async () => {
    await services.createProject('users', [await services.createLink('users-full')]);
    const late =
      /The planned end is too late for orders: its source keeps its log only until .* UTC, and after that changes may be lost\.\n/;
    const asked = await cli(['pause', 'orders', 'users', '--for', '2h'], { terminalInput: 'n\n' });
    expect(asked).toMatchObject({ exit: 1, err: expect.stringMatching(late) });
    expect(asked.err).toMatch(/\norders, users\nPlanned end: .* UTC\nThe planned end is too late/);
    const open = await cli(['pause', 'orders', 'users'], { terminalInput: 'n\n' });
    expect(open.err).toMatch(/The source of orders keeps its log until .* UTC: restore orders before then\.\nPause 2 /);
    const short = await cli(['pause', 'orders', 'users', '--for', '30m'], { terminalInput: 'n\n' });
    expect(short.err).not.toContain('keeps its log');
    const done = await cli(['pause', 'orders', 'users', '--for', '2h', '--yes']);
    expect(done).toMatchObject({ exit: 0, err: expect.stringMatching(late) });
  });
});

describe('--when-caught-up', () => {
  it('waits for a project that is behind. After the timeout the pause waits further.', async () => {
    const link = await services.createLink('orders-full');
    await services.createProject('orders', [link]);
    await link.queue.add('task', {}, { timestamp: Date.now() - 60_000 });
    await services.instance.startWorkers();
    const late = await cli(['pause', 'orders', '--yes', '--when-caught-up', '--timeout', '1s', '--json']);
    expect(late.exit).toBe(1);
    expect(late.err).toContain('"code":"still_open"');
    expect(late.err).toContain('It waits further without this command, and is paused when it has caught up.');
    expect(await read()).toMatchObject({ state: 'running', waitingPause: { by: 'cli:alice' } });
    const second = await cli(['pause', 'orders', '--yes', '--when-caught-up', '--json']);
    expect(second.err).toContain('"code":"pause_waits"');
    const cancelled = await cli(['cancel', 'orders', '--json']);
    expect([cancelled.exit, JSON.parse(cancelled.out)]).toEqual([
      0,
      {
        project: 'orders',
        operation: expect.any(String),
        message: 'Cancelled: orders is not paused when it has caught up.',
      },
    ]);
    expect(await read()).toMatchObject({ state: 'running', waitingPause: null });
    const [entry] = await services.context.auditLog.read('orders', { limit: 1 });
    expect(entry).toMatchObject({ event: 'cancelled', by: 'cli:alice' });
    expect(await cli(['cancel', 'orders'])).toEqual({
      exit: 1,
      out: '',
      err: 'No pause of orders waits until it has caught up. Nothing was changed.\n',
    });
  });

  it('pauses a project that has caught up.', async () => {
    await createOrders();
    await services.instance.startWorkers();
    const { exit, out } = await cli(['pause', 'orders', '--yes', '--when-caught-up', '--json']);
    expect([exit, JSON.parse(out).projectState]).toEqual([0, 'paused']);
  });
});
