import { expect, onTestFinished, test, vi } from 'vitest';
import type { AlertRecord } from '../../src/domain/alert.ts';
import type { ObservedProject } from '../../src/domain/observation.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { exampleCondition, firingAlert } from '../support/example-alerts.ts';
import { exampleProject } from '../support/example-records.ts';
import { startTestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { runApp } from './running-app.ts';
import { parseScrape } from './scrape.ts';

test('The metrics show projects, links and alerts as the last cycle observed them.', async () => {
  await using services = await startTestServices({ extraServers: ['far'] });
  const [near, far] = [await services.createLink('near'), await services.createLink('far', 'far')];
  await services.createProject('near', [near]);
  await services.createProject('far', [far], { state: 'paused' });
  await far.queue.pause();
  await near.queue.addBulk([1, 2, 3].map((name) => ({ name: String(name), data: {} })));
  const yml = `connections: { far: '${services.urlOf('far')}' }\nsettings: { observeEvery: 1s }\nprojects: {}\n`;
  await using app = await runApp({ role: 'worker', redisUrl: services.url, yml });

  const readBacklog = async () => (await app.scrape()).value('syncbot_project_backlog', { project: 'near' });
  await expect.poll(readBacklog).toBe(3);
  const scrape = await app.scrape();
  expect(scrape.value('syncbot_project_latency_seconds', { project: 'near' })).toBeGreaterThan(0);
  expect(scrape.value('syncbot_project_latency_seconds', { project: 'far' })).toBe(0);
  expect(scrape.table('syncbot_projects')).toEqual({ running: 1, paused: 1 });
  expect(scrape.value('syncbot_projects', { state: 'failed' })).toBe(0);
  expect(scrape.table('syncbot_project_state')).toEqual({ 'near running': 1, 'far paused': 1 });
  expect(scrape.value('syncbot_links_unreachable', { connection: 'far' })).toBe(0);
  expect(scrape.value('syncbot_observation_timestamp_seconds')).toBeGreaterThan(1_700_000_000);
  expect(scrape.value('syncbot_alerts', { kind: 'unexpectedly_paused' })).toBe(0);
  expect(scrape.table('syncbot_project_alert')).toEqual({});

  // The first reconcile of a new project would resume the link.
  await waitFor(async () => {
    const project = await services.context.projects.read('near');
    return project !== null && project.reconciledVersion === project.version;
  });
  await near.queue.pause();
  const readDriftAlerts = async () => (await app.scrape()).value('syncbot_alerts', { kind: 'unexpectedly_paused' });
  await expect.poll(readDriftAlerts).toBe(1);
  const driftAlert = { project: 'near', kind: 'unexpectedly_paused', severity: 'warning' };
  expect((await app.scrape()).value('syncbot_project_alert', driftAlert)).toBe(1);

  services.server('far').kill('SIGKILL');
  const readUnreachable = async () => (await app.scrape()).value('syncbot_links_unreachable', { connection: 'far' });
  await expect.poll(readUnreachable).toBe(1);
  const withoutFar = await app.scrape();
  expect(withoutFar.value('syncbot_project_latency_seconds', { project: 'far' })).toBeNull();
  expect(withoutFar.value('syncbot_project_backlog', { project: 'far' })).toBeNull();
  expect(withoutFar.value('syncbot_project_backlog', { project: 'near' })).toBe(3);
});

const observed = (id: string): ObservedProject => ({
  project: exampleProject({ id }),
  stats: { links: [], latencyMs: 1_500, backlog: 7, inFlight: 0, observedAt: 0 },
});

test('The pauses that end by themselves are counted, without those whose timer has stopped.', async () => {
  const metrics = createMetrics({ observeEveryMs: () => 10_000 });
  const value = async () => parseScrape(await metrics.render()).value('syncbot_timed_pauses');
  expect(await value()).toBeNull();
  const until = {
    at: 2,
    by: 'U0ALICE',
    setAt: 1,
    operation: 'op1',
    version: 1,
    attempts: 0,
    nextAttemptAt: 2,
  } as const;
  const timed = { ...until, code: null, stopped: null };
  const projects = [
    { id: 'running' },
    { id: 'open', state: 'paused' },
    { id: 'timed', state: 'paused', pausedUntil: timed },
    { id: 'late', state: 'paused', pausedUntil: { ...timed, attempts: 2, code: 'claim_timeout' } },
    { id: 'stopped', state: 'paused', pausedUntil: { ...timed, stopped: { at: 2, change: null } } },
  ] as const;
  const cycle = projects.map((project) => ({ ...observed(project.id), project: exampleProject(project) }));
  await metrics.instrumentCycle(async (onObserved) => onObserved(cycle));
  expect(await value()).toBe(2);
});

test('A failed cycle keeps the last values, and values that are too old are removed.', async () => {
  const metrics = createMetrics({ observeEveryMs: () => 10_000 });
  const scrape = async () => parseScrape(await metrics.render());
  expect((await scrape()).table('syncbot_projects')).toEqual({});
  await metrics.instrumentCycle(async (onObserved) => onObserved([observed('orders')]));
  expect((await scrape()).value('syncbot_project_latency_seconds', { project: 'orders' })).toBe(1.5);
  await expect(metrics.instrumentCycle(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect((await scrape()).value('syncbot_project_backlog', { project: 'orders' })).toBe(7);
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 31_000);
  onTestFinished(() => clock.mockRestore());
  const names = (await scrape()).samples.map(({ name }) => name);
  expect(names.filter((name) => /project|pauses|alerts|links|observation/.test(name))).toEqual([]);
});

test('Each firing alert of a project has a sample with its kind and severity, and a pending one has none.', async () => {
  const metrics = createMetrics({ observeEveryMs: () => 10_000 });
  const orders = observed('orders');
  const times = { since: 0, changedAt: 0, seq: 1, version: 1 };
  const pendingAlert: AlertRecord = {
    alert: { state: 'pending', condition: exampleCondition('latency'), ...times },
    delivered: null,
  };
  const alerts = {
    project_failed: firingAlert('project_failed'),
    latency: pendingAlert,
    paused_reminder: firingAlert('paused_reminder'),
  };
  await metrics.instrumentCycle(async (onObserved) =>
    onObserved([{ ...orders, project: { ...orders.project, alerts } }, observed('users')]),
  );
  expect(parseScrape(await metrics.render()).table('syncbot_project_alert')).toEqual({
    'orders project_failed critical': 1,
    'orders paused_reminder info': 1,
  });
});

test('Each metrics object counts only its own events.', async () => {
  const [one, other] = [createMetrics({ observeEveryMs: () => 1_000 }), createMetrics({ observeEveryMs: () => 1_000 })];
  one.slack.onRequestRejected('stale_timestamp');
  one.slack.onRequestRejected('stale_timestamp');
  one.slack.onRefusal('not_operator');
  const log = one.instrumentLog({ info: () => {}, warn: () => {}, error: () => {} });
  log.info({}, 'x');
  log.warn({}, 'x');
  log.error({}, 'x');
  const [first, second] = [parseScrape(await one.render()), parseScrape(await other.render())];
  expect(first.table('syncbot_slack_requests_rejected_total')).toEqual({ stale_timestamp: 2 });
  expect(first.table('syncbot_refusals_total')).toEqual({ not_operator: 1 });
  expect(first.table('syncbot_log_lines_total')).toEqual({ warn: 1, error: 1 });
  expect(second.table('syncbot_slack_requests_rejected_total')).toEqual({});
  expect(second.table('syncbot_log_lines_total')).toEqual({});
  for (const name of ['nodejs_eventloop_lag_seconds', 'process_resident_memory_bytes']) {
    expect(first.value(name)).not.toBeNull();
  }
  const own = [...first.types.keys()].filter((name) => !/^(nodejs|process)_/.test(name));
  for (const name of own) expect(name).toMatch(/^syncbot_[a-z_]+$/);
});

test('The metrics include all of ten thousand projects.', async () => {
  const metrics = createMetrics({ observeEveryMs: () => 60_000 });
  const projects = Array.from({ length: 10_000 }, (_none, index) => observed(`project-${index}`));
  await metrics.instrumentCycle(async (onObserved) => onObserved(projects));
  const text = await metrics.render();
  expect(text.match(/^syncbot_project_latency_seconds\{/gm)).toHaveLength(10_000);
  expect(text).toContain('syncbot_project_backlog{project="project-9999"} 7\n');
  expect(text).toContain('syncbot_projects{state="running"} 10000\n');
});
