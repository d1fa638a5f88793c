import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Queue as Queue5 } from 'bullmq5';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { execute } from '../../src/application/execute.ts';
import { findDebianProgram } from '../support/debian-program.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { blocksOf, readPage } from './pages.ts';

const page = readPage('docs/existing-tools.md');

describe('a link during a pause by syncbot', () => {
  let services: TestServices;
  beforeAll(async () => {
    services = await startTestServices();
  });
  afterAll(() => services[Symbol.asyncDispose]());

  /** A Paused project with two waiting tasks of a BullMQ 6 producer, and two of a BullMQ 5 producer during the pause. */
  async function startPausedProject(id: string) {
    const { link, queue, startWorker } = await services.createLink(id);
    await services.createProject(id, [{ link }]);
    const { hostname: host, port } = new URL(services.url);
    const old = new Queue5(id, { connection: { host, port: Number(port) } });
    onTestFinished(() => old.close());
    const act = async (action: 'pause' | 'restore') =>
      execute(services.context, await services.requestAndConfirm(id, action));
    for (const name of ['1', '2']) await queue.add(name, {});
    await act('pause');
    for (const name of ['3', '4']) await old.add(name, {});
    const idsOf = (list: string) => services.redis.lrange(`bull:${id}:${list}`, 0, -1);
    return { queue, startWorker, old, idsOf, restore: () => act('restore') };
  }

  test('An exporter of BullMQ 6 shows waiting tasks and no pause, one of BullMQ 5 shows its own tasks as paused.', async () => {
    const { queue, old } = await startPausedProject('exporter');
    const text = await queue.exportPrometheusMetrics();
    expect(text).toContain('bullmq_job_count{queue="exporter", state="waiting"} 2\n');
    expect(text).not.toContain('paused');
    expect(await old.getJobCounts()).toMatchObject({ waiting: 2, paused: 2 });
  });

  test('A worker runs, is not paused itself, and stays connected.', async () => {
    const { queue, startWorker } = await startPausedProject('health');
    const worker = await startWorker(async () => {});
    await waitFor(async () => (await queue.getWorkersCount()) === 1);
    expect([worker.isRunning(), worker.isPaused(), await queue.isPaused()]).toEqual([true, false, true]);
  });

  test('A resume by BullMQ 5 deletes the list `wait`, and its pause the list `paused`. A restore keeps both.', async () => {
    const resumed = await startPausedProject('resumed');
    await resumed.old.resume();
    expect([await resumed.idsOf('wait'), await resumed.idsOf('paused')]).toEqual([['4', '3'], []]);

    const paused = await startPausedProject('paused-again');
    await paused.old.pause();
    expect([await paused.idsOf('wait'), await paused.idsOf('paused')]).toEqual([[], ['2', '1']]);

    const restored = await startPausedProject('restored');
    await restored.restore();
    expect([await restored.idsOf('wait'), await restored.idsOf('paused')]).toEqual([['4', '3', '2', '1'], []]);
  });
});

test('The expression of the page is the backlog, and 0 while the project is not Running.', async () => {
  const [{ text } = expect.unreachable(), ...others] = blocksOf(page, 'promql');
  expect(others).toEqual([]);
  const queues = [
    ['bullmq_job_count{queue="orders-full",state="waiting"}', '10'],
    ['bullmq_job_count{queue="orders-incr",state="prioritized"}', '2'],
    ['bullmq_job_count{queue="orders-incr",state="failed"}', '30'],
    ['bullmq_job_count{queue="users",state="waiting"}', '40'],
  ];
  const stateOf = (project: string, state: string) => [
    `syncbot_project_state{job="syncbot-production",project="${project}",state="${state}"}`,
    '1',
  ];
  const cases = [
    { states: [stateOf('orders', 'running')], expected: 12 },
    { states: [stateOf('orders', 'paused')], expected: 0 },
    { states: [stateOf('users', 'paused')], expected: 12 },
    // No syncbot exports metrics.
    { states: [], expected: 12 },
  ];
  const tests = cases.map(({ states, expected }) => ({
    interval: '1m',
    input_series: [...queues, ...states].map(([series, values]) => ({ series, values })),
    promql_expr_test: [{ expr: text, eval_time: '0m', exp_samples: [{ labels: '{}', value: expected }] }],
  }));
  const promtool = await findDebianProgram({ program: 'promtool', packageName: 'prometheus' });
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-promql-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'expression.test.yml');
  await writeFile(file, stringify({ tests }));
  await promisify(execFile)(promtool, ['test', 'rules', file]);
});
