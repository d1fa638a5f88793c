import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { findFreePort, portUnavailableReason } from '../../demo/free-port.ts';
import { findLocalSlack } from '../../demo/local-slack.ts';
import { users } from '../../demo/workspace.ts';
import { waitFor } from '../support/wait-for.ts';
import { buildDemo, type DemoBuild, type DemoProcess, demoProgram, leftoversIntervalMs } from './demo-build.ts';
import { buttonsOf, connectLocalSlack, messageText } from './local-slack-client.ts';

const { alice, bob, carol } = users;
let build: DemoBuild;
beforeAll(async () => {
  build = await buildDemo();
});
afterAll(() => build?.[Symbol.asyncDispose]());

const findAnyFreePort = () => findFreePort('0.0.0.0');

/** Whether the optional dependency with the local Slack exists for this platform. */
function hasLocalSlack(): boolean {
  try {
    return findLocalSlack() !== '';
  } catch {
    return false;
  }
}

const redisPort = (demo: DemoProcess) => Number(/REDIS_URL=redis:\/\/127\.0\.0\.1:(\d+)/.exec(demo.stdout())?.[1]);

async function expectAllGone(demo: DemoProcess, ports: readonly number[]): Promise<void> {
  await waitFor(async () => (await demo.leftovers()).length === 0, {
    description: 'the end of all files and processes',
    intervalMs: leftoversIntervalMs,
  });
  expect(await Promise.all(ports.map(portUnavailableReason))).toEqual(ports.map(() => null));
}

describe.skipIf(!hasLocalSlack())('the running demo', () => {
  test('lets users list, pause, start, fix, restore and break projects in the local Slack, and Ctrl-C ends everything', async () => {
    const port = await findAnyFreePort();
    const demo = await build.startDemo(port);
    await demo.waitUntilReady();
    const runDemoCommand = (...args: string[]) => build.run(demoProgram, args, { DEMO_SLACK_PORT: String(port) });
    const slack = connectLocalSlack(port);
    const runAndConfirm = async (user: string, words: string) =>
      slack.press(user, await slack.sendCommand(user, words), 'OK');

    const counts = '1 needs attention: 1 Failed\n4 projects: 1 Failed, 1 Paused, 1 Running, 1 Not Started';
    // On a busy machine the workers of the demo can connect so late that an alert fires first.
    await waitFor(async () => (await slack.sendCommand(alice, 'list')).text === counts);
    const list = await slack.sendCommand(alice, 'list');
    for (const state of ['payments* · Failed', 'invoices* · Paused', 'orders* · Running', 'users* · Not Started']) {
      expect(messageText(list)).toContain(state);
    }
    expect(buttonsOf(list).map(({ text }) => text.text)).toEqual(['Restore', 'Restore', 'Pause', 'Start']);
    const before = await runDemoCommand('compare');
    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(/orders-incr +equal \(\d+ rows\)/);
    expect(before.stdout).toMatch(/users-incr +behind by \d+ changes/);

    const refused = await slack.sendCommand(carol, 'pause orders');
    expect(buttonsOf(refused)).toEqual([]);
    expect(refused.text).toContain(carol);

    const dialog = await slack.sendCommand(alice, 'pause orders because schema change');
    expect(buttonsOf(dialog).map(({ text }) => text.text)).toEqual(['OK', 'Cancel']);
    await slack.press(alice, dialog, 'OK');
    await slack.waitForMessage(/^orders was paused · 2 links · by <@U0ALICE> .* · schema change$/m);
    await runAndConfirm(bob, 'start users');
    await slack.waitForMessage(/^users was started/);

    const fixed = await runDemoCommand('fix', 'payments');
    expect(fixed).toMatchObject({ code: 0, stdout: expect.stringContaining('/sync restore payments') });
    await runAndConfirm(bob, 'restore payments');
    await slack.waitForMessage(/^payments was restored/);
    expect(await runDemoCommand('compare', 'payments')).toMatchObject({ code: 0 });
    await runAndConfirm(alice, 'restore orders');
    await slack.waitForMessage(/^orders was restored/);
    await slack.press(alice, await slack.sendCommand(alice, 'list'), 'Restore');
    await slack.press(alice, await slack.waitForMessage(/^invoices · Paused · Restore invoices\?/), 'OK');
    await slack.waitForMessage(/^invoices was restored/);
    const after = await runDemoCommand('compare');
    expect(after).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Every target equals') });

    expect(await runDemoCommand('break', 'payments')).toMatchObject({ code: 0, stderr: '' });
    await slack.waitForMessage(/^payments · Failed(?: again)? .*value too long for column amount \(6\)/);
    expect(await runDemoCommand('fix', 'payments')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^payments-incr: rows? .* because its column is wide enough\.$/m),
    });
    await runAndConfirm(bob, 'restore payments');
    await waitFor(async () => (await slack.messages()).every(({ text }) => !text.startsWith('payments · Failed')), {
      description: 'the end of the second alert',
    });

    const ports = [port, redisPort(demo)];
    demo.kill('SIGINT');
    demo.kill('SIGINT'); // npm repeats the signal of the terminal.
    expect(await demo.exited).toMatchObject({ code: 0, stderr: '' });
    await expectAllGone(demo, ports);
  });

  test('accepts the command line that it prints', async () => {
    const demo = await build.startDemo(await findAnyFreePort());
    await demo.waitUntilReady();
    const [, variables = '', program = '', subcommand = ''] =
      /((?:\w+=\S+ )+)node (\S+) (\w+)$/m.exec(demo.stdout()) ?? [];
    const env = Object.fromEntries(
      variables
        .trim()
        .split(' ')
        .map((variable) => variable.split('=', 2)),
    );
    const listed = await build.run(program, [subcommand, '--json'], env);
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    const projects = z.array(z.object({ id: z.string(), state: z.string(), reason: z.string().nullable() }));
    expect(projects.parse(JSON.parse(listed.stdout))).toEqual([
      { id: 'payments', state: 'failed', reason: null },
      { id: 'invoices', state: 'paused', reason: 'month-end closing' },
      { id: 'orders', state: 'running', reason: null },
      { id: 'users', state: 'not_started', reason: null },
    ]);
    expect(await build.run(program, ['apply'], env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing to do'),
    });
    expect(await build.run(program, ['pause', 'orders', '--yes'], env)).toMatchObject({ code: 0 });
    expect(await build.run(program, ['restore', 'orders', '--yes'], env)).toMatchObject({ code: 0 });
    demo.kill('SIGTERM');
    expect(await demo.exited).toMatchObject({ code: 0, stderr: '' });
  });

  test('leaves no file and no process behind when it is killed', async () => {
    const port = await findAnyFreePort();
    const demo = await build.startDemo(port);
    await demo.waitUntilReady();
    const ports = [port, redisPort(demo)];
    demo.kill('SIGKILL');
    await expectAllGone(demo, ports);
  });

  test('ends with one sentence when its Redis exits', async () => {
    const port = await findAnyFreePort();
    const demo = await build.startDemo(port);
    await demo.waitUntilReady();
    const redis = redisPort(demo);
    await shutDownRedis(redis);
    expect(await demo.exited).toMatchObject({
      code: 1,
      stderr: "The demo's Redis exited unexpectedly. The demo has ended.\n",
    });
    await expectAllGone(demo, [port, redis]);
  });

  test('ends at SIGTERM while it starts', async () => {
    const port = await findAnyFreePort();
    const demo = await build.startDemo(port);
    await waitFor(() => demo.stdout().startsWith('Starting'), { description: 'the demo to start something' });
    demo.kill('SIGTERM');
    expect(await demo.exited).toMatchObject({ code: 0, stderr: '' });
    await expectAllGone(demo, [port]);
  });

  test('ends with one sentence and exit code 2 when its port is taken', async () => {
    const port = await findAnyFreePort();
    const otherServer = createServer().listen(port, '127.0.0.1');
    onTestFinished(() => void otherServer.close());
    await once(otherServer, 'listening');
    const demo = await build.startDemo(port);
    const sentence = `Port ${port} is taken: set DEMO_SLACK_PORT to another one, such as DEMO_SLACK_PORT=3100.\n`;
    expect(await demo.exited).toEqual({ code: 2, stdout: '', stderr: sentence });
    expect(await demo.leftovers()).toEqual([]);
  });
});

describe('the program of the demo', () => {
  const run = (args: readonly string[], port = '') => build.run(demoProgram, args, { DEMO_SLACK_PORT: port });

  test('has the same exit codes as the command line of syncbot', async () => {
    expect(await run(['--help'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['repair'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^Unknown command .*\.\n$/),
    });
    expect(await run([], 'http')).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/^DEMO_.*\.\n$/),
    });
  });

  test('prints for fix, break and compare that no demo is running', async () => {
    const port = String(await findAnyFreePort());
    for (const args of [['fix', 'payments'], ['break', 'payments'], ['compare']]) {
      const { code, stderr } = await run(args, port);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^No demo is running on port \d+: [^\n]+\.\n$/);
    }
  });
});

async function shutDownRedis(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.end('SHUTDOWN NOSAVE\r\n');
  await once(socket, 'close');
}
