import { afterEach, beforeEach, expect, test } from 'vitest';
import { runObserver } from '../../src/application/observer.ts';
import { startTestServices, type TestLink, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { openAppOn, runCliInProcess, writeConfigFile } from './cli-fixture.ts';

let services: TestServices;
let configFile: Awaited<ReturnType<typeof writeConfigFile>>;
let link: TestLink;
let target: { refuses: boolean };
beforeEach(async () => {
  services = await startTestServices();
  link = await services.createLink('orders');
  configFile = await writeConfigFile('projects:\n  orders:\n    links: [{ queue: orders }]\n');
  target = { refuses: true };
  await link.startWorker(async () => {
    if (target.refuses) throw new Error('row refused');
  });
  await services.createProject('orders', [link]);
  await services.instance.startWorkers();
  await link.queue.add('row', {});
  await waitFor(async () => (await link.queue.getFailedCount()) === 1);
  await runObserver(services.context);
  await waitFor(() => link.queue.isPaused());
});
afterEach(async () => {
  await configFile[Symbol.asyncDispose]();
  await services[Symbol.asyncDispose]();
});

const cli = (line: string) => runCliInProcess(line.split(' '), { env: configFile.env, openApp: openAppOn(services) });

test('restore --skip leaves a task out, skipped lists it, and retry moves it back', async () => {
  expect(await cli('restore orders --skip 2 --yes')).toMatchObject({
    exit: 1,
    err: 'orders · Not done: it has no failed task 2 that a restore would retry. Nothing was changed. Check the name of the task.\n',
  });
  expect(await cli('restore orders --skip 1 --yes')).toMatchObject({
    exit: 0,
    out: expect.stringContaining('1 failed task skipped: 1 on orders'),
  });
  expect(await cli('skipped orders')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^orders · 1 skipped task\nLINK .*TASK .*REASON\norders +1 .*cli:alice +row refused\n$/),
  });
  expect(JSON.parse((await cli('skipped orders --json')).out)).toEqual([
    {
      queue: 'orders',
      connection: 'default',
      prefix: 'bull',
      task: '1',
      failedAt: expect.any(Number),
      skippedAt: expect.any(Number),
      by: 'cli:alice',
      reason: 'row refused',
    },
  ]);
  expect((await cli('show orders')).out).toMatch(/skipped +1 skipped task · syncbot skipped orders/);
  target.refuses = false;
  expect(await cli('retry orders 9 --yes')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('has no skipped task 9'),
  });
  expect(await cli('retry orders orders/1 --yes')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(
      /^orders · Retried 1 skipped task · by cli:alice at .*\n1 on orders, before newer tasks\n$/,
    ),
  });
  await waitFor(async () => (await link.queue.getCompletedCount()) === 1);
  expect(await cli('skipped orders')).toMatchObject({ exit: 0, out: 'orders · No skipped task\n' });
  expect(await cli('retry orders --yes')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('not skipped any more'),
  });
});

test('The question names the task.', async () => {
  const result = await runCliInProcess('restore orders --skip orders/1'.split(' '), {
    env: configFile.env,
    openApp: openAppOn(services),
    terminalInput: 'n\n',
  });
  expect(result.err).toMatch(/\n1 on orders, failed at .* UTC: row refused\nRestore orders without 1 task\? \[y\/N\]/);
});

test('More tasks than one restore can skip are a usage error.', async () => {
  const skips = Array.from({ length: 11 }, (_, index) => `--skip ${index}`).join(' ');
  expect(await cli(`restore orders ${skips} --yes`)).toMatchObject({
    exit: 2,
    err: expect.stringContaining('At most 10'),
  });
});
