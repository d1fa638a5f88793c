import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { type CliResult, runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { closeWithoutViolations, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';
import type { TestLink } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

let harness: SlackHarness;
let near: TestLink;
let far: TestLink;
beforeEach(async () => {
  harness = await startSlackHarness({ extraServers: ['far'] });
  const { services } = harness;
  [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
  await services.createProject('near', [near]);
  await services.createProject('far', [far]);
  await services.instance.startWorkers();
});
afterEach(async () => {
  for (const name of ['default', 'far']) harness.services.server(name).kill('SIGCONT');
  await closeWithoutViolations(harness);
});

async function cli(...argv: string[]): Promise<CliResult> {
  const { services } = harness;
  await using file = await writeConfigFile(`connections: { far: '${services.urlOf('far')}' }\nprojects: {}\n`);
  const env = { ...file.env, REDIS_URL: services.url };
  return await runCliInProcess(argv, { env, openApp: createApp });
}

const readState = async (project: string) => (await harness.services.context.projects.read(project))?.state;
const bob = { user: 'U0BOB' };

describe.each(['SIGSTOP', 'SIGKILL'] as const)('while Redis is down (%s)', (signal) => {
  it('every command, button and command line reports that nothing was done', async () => {
    const { services } = harness;
    const dialog = await harness.runCommand('pause near');
    services.server().kill(signal);
    if (signal === 'SIGKILL') await services.server().exited;
    for (const text of ['list', 'show near', 'pause far'])
      expect(visibleText(await harness.runCommand(text))).toContain('Not done');
    for (const argv of [['list'], ['show', 'near'], ['pause', 'near', '--yes']]) {
      const result = await cli(...argv);
      expect(result).toMatchObject({ exit: 1, out: '', err: expect.stringContaining('Nothing was changed') });
    }
    harness.press('OK', dialog);
    const response = await harness.waitForMessage(/Not done|Checking/);
    expect(visibleText(response)).toMatch(/Not done|Checking/);
  });
});

it('a pause continues when a Redis that was suspended while it ran continues', async () => {
  const { services } = harness;
  services.server('far').kill('SIGSTOP');
  await harness.requestAndPressOk('pause', 'far');
  await waitFor(async () => (await readState('far')) === 'pausing');
  services.server().kill('SIGSTOP');
  harness.slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: 'list' });
  await harness.waitForMessage('Not done', bob);
  services.server('far').kill('SIGCONT');
  services.server().kill('SIGCONT');
  await harness.waitForMessage('far was paused', bob);
  expect(await far.queue.isPaused()).toBe(true);
  const history = await services.context.auditLog.read('far', { limit: 100 });
  const versions = history.flatMap(({ version }) => version ?? []).reverse();
  expect([...new Set(versions)]).toEqual([1, 2, 3]);
});

describe.each(['SIGSTOP', 'SIGKILL'] as const)('while one named connection is down (%s)', (signal) => {
  it('other projects are paused, observed and listed, and the stats of its own projects are unknown', async () => {
    const { services } = harness;
    await near.startWorker(async () => {
      throw new Error('no');
    });
    services.server('far').kill(signal);
    if (signal === 'SIGKILL') await services.server('far').exited;
    await harness.requestAndPressOk('pause', 'near');
    await harness.waitForMessage('near was paused', bob);
    await harness.requestAndPressOk('restore', 'near');
    await waitFor(async () => (await readState('near')) === 'running');

    const listed = await cli('list', '--json');
    expect(listed.exit).toBe(0);
    const [one, other] = JSON.parse(listed.out).sort((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1));
    expect(one).toMatchObject({ id: 'far', state: 'running', backlog: null, latencyMs: null });
    expect(other).toMatchObject({ id: 'near', state: 'running', backlog: 0 });
    expect(visibleText(await harness.runCommand('list'))).toMatch(/near/);

    await near.queue.add('fails', {});
    await waitFor(async () => (await readState('near')) === 'failed');
    expect(await readState('far')).toBe('running');
  });
});

it('a pause that waits for a connection completes when the connection is back, and the stats are known again', async () => {
  const { services } = harness;
  services.server('far').kill('SIGSTOP');
  await harness.requestAndPressOk('pause', 'far');
  await waitFor(async () => (await readState('far')) === 'pausing');
  services.server('far').kill('SIGCONT');
  await harness.waitForMessage('far was paused', bob);
  expect(await far.queue.isPaused()).toBe(true);
  await far.queue.add('waits', {});
  await waitFor(async () => (await cli('list', '--json')).out.includes('"backlog": 1'));
});
