import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWorld, type World } from '../support/world.ts';
import { appOf, configFile, runHere } from './shell.ts';

let world: World;
let file: Awaited<ReturnType<typeof configFile>>;
beforeEach(async () => {
  world = await openWorld();
  file = await configFile('projects:\n  orders:\n    links: [{ queue: orders-full }]\n');
  await world.project('orders', [await world.link('orders-full')]);
});
afterEach(async () => {
  await file[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const cli = (line: string) => runHere(line.split(' '), { env: file.env, openApp: appOf(world) });
const audit = 'syncbot:{p:orders}:audit';

test('--json is the shape of the contract', async () => {
  const { operation } = await world.act('orders', 'pause');
  const ran = await cli('history orders --json');
  expect(ran).toMatchObject({ exit: 0, err: '' });
  const about = { at: expect.any(Number), by: 'U0ALICE', from: 'C0SYNC', action: 'pause', operation };
  const common = { ...about, reason: null, version: 1, state: null };
  expect(JSON.parse(ran.out)).toEqual([
    { ...common, event: 'confirmed', message: 'confirmed the request to pause it' },
    { ...common, event: 'requested', message: 'asked to pause it · in C0SYNC' },
    {
      at: expect.any(Number),
      event: 'created',
      by: 'cli:test',
      from: 'cli',
      action: null,
      operation: null,
      reason: null,
      version: 1,
      state: null,
      message: 'added the project',
    },
  ]);
});

test('the table tells when, who and what, the newest first, safe with any text', async () => {
  const pause = runHere(['pause', 'orders', '--yes', '--reason', 'we \u001b[2J deploy', '--timeout', '1s'], {
    env: file.env,
    openApp: appOf(world),
  });
  expect((await pause).exit).toBe(1);
  await world.redis.xadd(audit, '*', 'at', '1', 'event', 'drift\u001b[31m\u202e');
  const { out, err, exit } = await cli('history orders');
  expect({ exit, err }).toEqual({ exit: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ *WHEN {2}WHO +WHAT$/);
  expect(lines[1]).toMatch(/ ago {2}- +drift\[31m$/);
  expect(out).toMatch(/\d s ago {2}cli:alice +asked to pause it · because we \[2J deploy\n/);
  expect(lines.at(-1)).toMatch(/ ago {2}cli:test +added the project$/);
});

test('the table ends after a hundred and says so; --json has them all', async () => {
  for (let index = 0; index < 100; index++) await world.redis.xadd(audit, '*', 'at', '1', 'event', 'changed');
  const ran = await cli('history orders');
  expect(ran.out.trimEnd().split('\n')).toHaveLength(101);
  expect(ran).toMatchObject({ exit: 0, err: expect.stringContaining('syncbot history orders --json') });
  expect(JSON.parse((await cli('history orders --json')).out)).toHaveLength(101);
});

test('a removed project has its history; an unknown one is exit 1', async () => {
  await world.deps.store.remove('orders', 1, 'cli:root');
  expect(JSON.parse((await cli('history orders --json')).out)[0]).toMatchObject({ event: 'removed', by: 'cli:root' });
  expect(await cli('history zzz')).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('zzz') });
  expect(JSON.parse((await cli('history zzz --json')).err)).toMatchObject({ code: 'unknown_project' });
});
