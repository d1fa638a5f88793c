import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { Role } from '../../src/cli/cli-app.ts';
import { type CliResult, runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { socketModeEnv } from '../fake-slack/bot-env.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { type RunningApp, runApp } from '../metrics/running-app.ts';
import { type UserActions, userActions, visibleText } from '../support/slack-harness.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

let services: TestServices;
let slack: FakeSlack;
let users: UserActions;
let orders: TestLink;
let file: Awaited<ReturnType<typeof writeConfigFile>>;
const running: RunningApp[] = [];

beforeEach(async () => {
  services = await startTestServices({ extraServers: ['warehouse'] });
  slack = await FakeSlack.start();
  users = userActions(slack);
  orders = await services.createLink('orders');
  file = await writeConfigFile('');
});
afterEach(async () => {
  for (const app of running.splice(0)) await app[Symbol.asyncDispose]();
  await file[Symbol.asyncDispose]();
  await slack[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

interface FileContent {
  readonly operators?: string;
  readonly settings?: string;
  readonly connections?: string;
  /** Links of a second project. */
  readonly users?: string;
}

function render({ operators = 'U0ALICE', settings = '{}', connections = '{}', users: userLinks }: FileContent): string {
  const second = userLinks === undefined ? '' : `  users:\n    adopt: true\n    links: [${userLinks}]\n`;
  return `policy: { operators: [${operators}] }\nsettings: ${settings}\nconnections: ${connections}
projects:\n  orders:\n    channel: C0SYNC\n    adopt: true\n    links: [{ queue: orders }]\n${second}`;
}

const warehouseUrl = () => services.urlOf('warehouse');
const apply = (content: FileContent): Promise<CliResult> => applyText(render(content));
async function applyText(yml: string): Promise<CliResult> {
  await file.rewrite(yml);
  return cli('apply', '--yes');
}
const cli = (...argv: string[]) =>
  runCliInProcess(argv, {
    env: { ...file.env, REDIS_URL: services.url, WAREHOUSE_URL: warehouseUrl() },
    openApp: createApp,
  });

/** Runs a role with the file as it was, as a process that is not restarted. */
async function start(role: Role, env: Readonly<Record<string, string>> = {}, yml = render({})): Promise<RunningApp> {
  const app = await runApp({
    role,
    redisUrl: services.url,
    yml,
    env: { ...(role === 'worker' ? {} : socketModeEnv(slack)), ...env },
  });
  running.push(app);
  await waitFor(() => app.logLines.some(({ msg }) => msg === 'running'));
  return app;
}

const parts = async (app: RunningApp) => JSON.parse((await app.get('/readyz')).text).parts;
const bob = { user: 'U0BOB' };

describe('without a restart', () => {
  it('an operator that apply adds may pause, and OK of a removed one is refused.', async () => {
    await apply({});
    await start('bot');
    await start('worker');
    const refused = await users.runCommand('pause orders', bob);
    expect(visibleText(refused)).toContain('not an operator');
    const dialog = await users.runCommand('pause orders');

    const result = await apply({ operators: 'U0BOB' });
    expect(result).toMatchObject({ exit: 0, err: '' });
    expect(result.out).toContain('~ policy.operators: U0BOB may operate, U0ALICE no longer may');
    users.press('OK', dialog);
    await users.waitForMessage(/not an operator/);
    expect(await orders.queue.isPaused()).toBe(false);
    await users.requestAndPressOk('pause', 'orders', bob);
    await users.waitForMessage(/orders was paused/, bob);
    expect(await cli('apply')).toMatchObject({ exit: 0, out: 'Nothing to do. 1 project unchanged.\n', err: '' });
  });

  it('a worker uses a new connection whose variable it has.', async () => {
    await apply({});
    const worker = await start('worker', { WAREHOUSE_URL: warehouseUrl() });
    const far = await services.createLink('users', 'warehouse');
    const result = await apply({
      connections: `{ far: "\${WAREHOUSE_URL}" }`,
      users: '{ queue: users, connection: far }',
    });
    expect(result.err).toBe('');
    expect(result.out).toContain('~ connection far added (from WAREHOUSE_URL)\n    used by: users\n');
    expect(await cli('pause', 'users', '--yes')).toMatchObject({ exit: 0 });
    expect(await far.queue.isPaused()).toBe(true);
    expect(await parts(worker)).toEqual({ redis: 'ready', workers: 'ready' });
    expect(await services.redis.hget('syncbot:configuration', 'configuration')).not.toContain('redis://');
  });

  it('settings take effect.', async () => {
    await apply({ settings: '{ observeEvery: 10m }' });
    await start('bot');
    await start('worker');
    const observed = () => services.redis.get('syncbot:observed');
    const first = await waitFor(observed);
    const { out } = await apply({ settings: '{ observeEvery: 250ms, confirmationTtl: 10m }' });
    expect(out).toContain('~ settings.confirmationTtl: 5m → 10m\n~ settings.observeEvery: 10m → 250ms');
    const second = await waitFor(async () => (await observed()) !== first && observed());
    await waitFor(async () => (await observed()) !== second);
    await users.runCommand('pause orders');
    const [operation] = await services.context.operations.listRecent('orders', 1);
    expect((operation?.expiresAt ?? 0) - (operation?.requestedAt ?? 0)).toBe(600_000);
  });

  it('a worker no longer uses a connection that was removed, and follows one that changed.', async () => {
    const near = `{ far: "\${NEAR_URL}" }`;
    const env = { NEAR_URL: services.url, WAREHOUSE_URL: warehouseUrl() };
    await services.createLink('users');
    const far = await services.createLink('users', 'warehouse');
    const applyWith = async (content: FileContent) => {
      await file.rewrite(render(content));
      return runCliInProcess(['apply', '--yes'], {
        env: { ...file.env, ...env, REDIS_URL: services.url },
        openApp: createApp,
      });
    };
    const link = '{ queue: users, connection: far }';
    expect(await applyWith({ connections: near, users: link })).toMatchObject({ exit: 0 });
    const worker = await start('worker', env, render({ connections: near, users: link }));
    expect(await applyWith({ connections: `{ far: "\${WAREHOUSE_URL}" }`, users: link })).toMatchObject({ err: '' });
    await worker.app.useCaseContext.links.setPaused([{ queue: 'users', connection: 'far', prefix: 'bull' }], 'paused', {
      responseMs: 5_000,
      validForMs: 5_000,
    });
    expect(await far.queue.isPaused()).toBe(true);
  });
});

describe('a restart is named where it is needed', () => {
  it('when a variable is not set.', async () => {
    await apply({});
    const [worker, bot] = [await start('worker'), await start('bot')];
    await services.createLink('users', 'warehouse');
    const result = await apply({
      connections: `{ far: "\${WAREHOUSE_URL}" }`,
      users: '{ queue: users, connection: far }',
    });
    expect(result.exit).toBe(0);
    for (const role of ['worker', 'bot'])
      expect(result.err).toContain(
        `1 running process (${role}) cannot use connection far: set WAREHOUSE_URL and restart`,
      );
    const connections = 'connection far is not configured in this process: set WAREHOUSE_URL and restart it';
    expect(await parts(worker)).toMatchObject({ connections });
    expect(await worker.get('/readyz')).toMatchObject({ status: 503 });
    expect(await parts(bot)).toMatchObject({ connections });
    expect(await bot.get('/readyz')).toMatchObject({ status: 200 });
    expect(worker.logLines.find(({ msg }) => msg.startsWith('connections cannot be used'))).toMatchObject({
      unusable: [{ kind: 'variables_not_set', name: 'far', variables: ['WAREHOUSE_URL'] }],
    });
    const doctor = await cli('doctor');
    expect(doctor.exit).toBe(1);
    expect(doctor.out).toMatch(/^Fail +stored configuration +.*cannot use connection far: set WAREHOUSE_URL/m);
    expect((await cli('apply')).err).toContain('cannot use connection far: set WAREHOUSE_URL and restart');
    const list = await users.runCommand('show users');
    expect(visibleText(list)).toContain('not configured in this process');
    expect(visibleText(list)).not.toMatch(/does not answer|not reachable/);
  });

  it('when the URL is written in the file.', async () => {
    await apply({});
    const worker = await start('worker');
    await services.createLink('users', 'warehouse');
    const literal = warehouseUrl().replace('redis://', 'redis://default:open-sesame@');
    const result = await apply({ connections: `{ far: "${literal}" }`, users: '{ queue: users }' });
    expect(result.out).toContain('its URL is in the file, so running bots and workers need this file and a restart');
    expect(result.err).toContain('cannot use connection far: its URL is in syncbot.yml. Restart with the current file');
    expect(await parts(worker)).toMatchObject({
      connections: expect.stringContaining('Give it the current file and restart it'),
    });
    const stored = JSON.stringify(await services.redis.hgetall('syncbot:configuration'));
    for (const secret of ['open-sesame', 'redis://', '127.0.0.1']) expect(stored).not.toContain(secret);
  });
});

describe('doctor', () => {
  it('says that the configuration of an older version is not applied yet, and processes use their own file.', async () => {
    await services.createProject('orders', [orders], { channel: 'C0SYNC' });
    await file.rewrite(render({}));
    await start('bot');
    await start('worker');
    expect((await cli('doctor')).out).toContain('policy, settings and connections of the file are not applied yet');
    await users.requestAndPressOk('pause', 'orders');
    await users.waitForMessage(/orders was paused/);
  });

  it('says how the stored configuration differs from the file, and that a run with another file uses it.', async () => {
    await apply({});
    const bot = await start('bot', {}, render({ operators: 'U0BOB' }));
    expect(visibleText(await users.runCommand('pause orders', bob))).toContain('not an operator');
    await file.rewrite(render({ operators: 'U0BOB' }));
    const { out, exit } = await cli('doctor');
    expect(out).toContain('policy.operators: U0BOB may operate, U0ALICE no longer may: run syncbot apply');
    expect(exit).toBe(1);
    expect(await parts(bot)).not.toHaveProperty('configuration');
  });
});

describe('a record that cannot be read', () => {
  it('leaves a running bot with the policy that it knew, and gives a new one no policy.', async () => {
    await apply({ operators: 'U0BOB' });
    const bot = await start('bot', {}, render({ operators: 'U0ALICE' }));
    await services.redis.hset('syncbot:configuration', 'v', '2');
    await users.runCommand('pause orders', bob);
    expect(visibleText(await users.runCommand('pause orders'))).toContain('not an operator');
    await waitFor(async () => (await parts(bot))['configuration'] !== undefined);
    expect(await apply({})).toMatchObject({ exit: 1, err: expect.stringContaining('cannot be read') });
    await bot.stop();
    await start('bot', {}, render({ operators: 'U0ALICE' }));
    for (const sender of [{}, bob])
      expect(visibleText(await users.runCommand('pause orders', sender))).toContain('cannot read its stored policy');
  });
});
