import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { openAppOn, runCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
beforeEach(async () => {
  services = await startTestServices();
  configFile = await writeConfigFile('projects:\n  orders:\n    links: [{ queue: orders-full }]\n');
  await services.createProject('orders', [await services.createLink('orders-full')]);
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const cli = (line: string) => runCliInProcess(line.split(' '), { env: configFile.env, openApp: openAppOn(services) });
const auditKey = 'syncbot:{p:orders}:audit';

test('--json prints every field of an entry', async () => {
  const { operation } = await services.requestAndConfirm('orders', 'pause');
  const result = await cli('history orders --json');
  expect(result).toMatchObject({ exit: 0, err: '' });
  const id = expect.stringMatching(/^\d+-\d+$/);
  const requestFields = { id, at: expect.any(Number), by: 'U0ALICE', from: 'C0SYNC', action: 'pause', operation };
  const unrefused = { code: null, outcome: null };
  const entryFields = { ...requestFields, reason: null, version: 1, state: 'running', ...unrefused };
  expect(JSON.parse(result.out)).toEqual([
    { ...entryFields, event: 'confirmed', message: 'confirmed the request to pause it' },
    { ...entryFields, event: 'requested', message: 'asked to pause it · in C0SYNC' },
    {
      id,
      at: expect.any(Number),
      event: 'created',
      by: 'cli:test',
      from: 'cli',
      action: null,
      operation: null,
      reason: null,
      version: 1,
      state: 'running',
      ...unrefused,
      message: 'added the project',
    },
  ]);
});

/** `2026-11-27 22:41 UTC`, or `2026-11-27 22:41 +01:00`. */
const localTime = /\d{4}-\d\d-\d\d \d\d:\d\d (?:UTC|[+-]\d\d:\d\d)/.source;

test('the table has one line for each operation with its local time, newest first, with sanitized text', async () => {
  const pause = runCliInProcess(['pause', 'orders', '--yes', '--reason', 'we \u001b[2J deploy', '--timeout', '1s'], {
    env: configFile.env,
    openApp: openAppOn(services),
  });
  expect((await pause).exit).toBe(1);
  const at = new Date(2020, 0, 2, 9, 5).getTime();
  await services.redis.xadd(auditKey, '*', 'at', String(at), 'event', 'drift\u001b[31m\u202e');
  const { out, err, exit } = await cli('history orders');
  expect({ exit, err }).toEqual({ exit: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^WHEN +WHO +WHAT$/);
  expect(lines[1]).toMatch(
    new RegExp(`^${localTime} {2}cli:alice {2}confirmed the request to pause it · because we \\[2J deploy$`),
  );
  expect(lines[2]).toMatch(new RegExp(`^${localTime} {2}cli:test {3}added the project$`));
  expect(lines[3]).toMatch(/^2020-01-02 09:05 \S+ {2}- +drift\[31m$/);
  expect(lines).toHaveLength(4);
});

test('the table shows 100 lines and names --json, which prints every entry', async () => {
  for (let index = 0; index < 100; index++) await services.redis.xadd(auditKey, '*', 'at', '1', 'event', 'changed');
  const result = await cli('history orders');
  expect(result.out.trimEnd().split('\n')).toHaveLength(101);
  expect(result).toMatchObject({ exit: 0, err: expect.stringContaining('syncbot history orders --json') });
  expect(JSON.parse((await cli('history orders --json')).out)).toHaveLength(101);
});

test('a removed project has a history, and an unknown one gives exit code 1', async () => {
  await services.context.projects.remove('orders', 1, 'cli:root');
  expect(JSON.parse((await cli('history orders --json')).out)[0]).toMatchObject({ event: 'removed', by: 'cli:root' });
  expect(await cli('history zzz')).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('zzz') });
  expect(JSON.parse((await cli('history zzz --json')).err)).toMatchObject({ code: 'unknown_project' });
});

test('without a project the table has the lines of all projects since a local time, and --json their entries', async () => {
  await services.createProject('users', [await services.createLink('users-full')]);
  const all = await cli('history');
  const lines = all.out.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^PROJECT +WHEN +WHO +WHAT$/);
  expect(lines.slice(1).map((line) => line.replace(new RegExp(localTime), ''))).toEqual([
    expect.stringMatching(/^users and orders +cli:test +added the project$/),
  ]);
  expect(all).toMatchObject({ exit: 0, err: expect.stringMatching(new RegExp(`^Since ${localTime} \\(\\S+\\)\\n$`)) });
  expect(JSON.parse((await cli('history --since 1h --json')).out)).toMatchObject([
    { project: 'users', event: 'created' },
    { project: 'orders', event: 'created' },
  ]);
  expect(JSON.parse((await cli('history orders --since 1h --json')).out)).toMatchObject([{ event: 'created' }]);
  const ofOne = await cli('history orders --since yesterday');
  expect(ofOne.out).toMatch(/^PROJECT .*\norders +\S+ \S+ \S+ +cli:test +added the project\n$/);
});

test('without anything since then the command says so, and a bad time is invalid usage', async () => {
  await services.redis.del(auditKey);
  expect(await cli('history --since 1m')).toMatchObject({ exit: 0, out: 'Nothing happened.\n' });
  expect(await cli('history --since noon')).toMatchObject({ exit: 2, err: expect.stringContaining('22:00') });
});

test('--limit prints the newest lines or entries', async () => {
  await services.redis.xadd(auditKey, '*', 'event', 'changed');
  expect((await cli('history orders --limit 1')).out).toMatch(/^WHEN .*\n.* changed its definition\n$/);
  for (const line of ['history orders --limit 1 --json', 'history --limit 1 --json'])
    expect(JSON.parse((await cli(line)).out)).toMatchObject([{ event: 'changed' }]);
});

describe('--all', () => {
  const jsonLines = (out: string) =>
    out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  beforeEach(async () => {
    await services.createProject('users', [await services.createLink('users-full')]);
    await services.context.projects.remove('users', 1, 'cli:root');
    await services.requestAndConfirm('orders', 'pause');
  });

  test('--json prints each entry of all projects as one line, oldest first, also those of a removed project', async () => {
    const { exit, out, err } = await cli('history --all --json');
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(jsonLines(out)).toEqual([
      expect.objectContaining({ project: 'orders', event: 'created', by: 'cli:test' }),
      expect.objectContaining({ project: 'users', event: 'created' }),
      expect.objectContaining({ project: 'users', event: 'removed', by: 'cli:root', message: 'removed the project' }),
      expect.objectContaining({ project: 'orders', event: 'requested', by: 'U0ALICE', from: 'C0SYNC' }),
      expect.objectContaining({ project: 'orders', event: 'confirmed', action: 'pause' }),
    ]);
  });

  test('--limit prints the newest entries, and --since the entries from a time or a printed "at" on', async () => {
    const [requested, confirmed] = jsonLines((await cli('history --all --limit 2 --json')).out);
    expect([requested.event, confirmed.event]).toEqual(['requested', 'confirmed']);
    const idTime = Number(confirmed.id.split('-')[0]);
    await waitFor(async () => (await services.context.serverClock.now()) > idTime + 1);
    expect((await cli(`history --all --since ${idTime + 1} --json`)).out).toBe('');
    expect(jsonLines((await cli(`history --all --since ${confirmed.at} --json`)).out).at(-1)).toEqual(confirmed);
    expect(jsonLines((await cli('history --all --since 24h --json')).out)).toHaveLength(5);
  });

  test('prints lines of text without --json, with sanitized text', async () => {
    await services.redis.xadd(auditKey, '*', 'event', 'drift\u001b[31m');
    const { out } = await cli('history --all --limit 2');
    const time = `^${localTime} {2}orders {2}`;
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`${time}U0ALICE {2}confirmed the request to pause it$`)),
      expect.stringMatching(new RegExp(`${time}- {2}drift\\[31m$`)),
    ]);
  });
});
