import { countsByCause } from '../../../src/domain/attention.ts';
import { toProjectStats } from '../../../src/domain/observation.ts';
import type { PrecheckItem } from '../../../src/domain/precheck.ts';
import { countsByState } from '../../../src/domain/project-state.ts';
import type { TrendSample } from '../../../src/domain/trend.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import { exampleLinkStats, exampleOperation, exampleProjectStats } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, failed, format, full, oneLink, paused, skippedTask, taskFailed } from './facts.ts';

const now = at('02:59');
const counts = countsByState((state) => ({ failed: 4, paused: 10, running: 46 })[String(state)] ?? 0);
const attention = countsByCause((cause) => ({ failed: 4, no_worker: 44 })[String(cause)] ?? 0);
const well = countsByState((state) => (state === 'running' ? 60 : 0));
const nothing = { attention: false, states: [], alerts: [], labels: [], words: [] };

export const list: ExamplesOf<typeof messages.list> = {
  attention: [['some projects need attention', attention]],
  counts: [
    ['below it', { states: counts, attention }],
    ['without alerts', { states: counts, attention: countsByCause(() => 0) }],
  ],
  allWell: [
    ['none does', well, false],
    ['none of a filter does', well, true],
  ],
  filter: [['a filter was typed or chosen', 'paused label:prod']],
  unobserved: [['a link does not answer', 2]],
  lastChange: [['below a Paused project', { by: 'U0BOB', reason: 'we deploy' }, format]],
  cause: [
    ['below a Failed project', ['a task failed on orders-full: connection refused'], false],
    ['below another alert', ['orders-full and 9 more links'], true],
  ],
  stateSince: [['beside an alert', at('02:58'), format]],
  moreAlerts: [['a project has several alerts', 2]],
  page: [['a long list', 1, 3]],
  showHint: [['at the end', format]],
  moreLabels: [['more labels than the menu takes', format]],
  noProjects: [['nothing is configured', 'syncbot apply', format]],
  none: [
    ['good news', { ...nothing, states: ['failed'] }],
    ['filters together', { ...nothing, attention: true, labels: ['prod'], words: ['eu'] }],
  ],
  unknownLabel: [['a label that no project has', 'prd', ['label:prod'], format]],
  unknownWord: [
    ['a word with a typo', 'ordrs', ['orders'], format],
    ['a word like no other', 'xyz', [], format],
  ],
  unreadable: [['version 0.1.0 stored them', 2]],
  noCombination: [['filters that exclude each other', 'eu us', format]],
  unknownValue: [['`state:faild`', { key: 'state', value: 'faild' }, ['failed'], format]],
};

const summary = '2 need attention: 1 Failed, 1 without a worker';

export const digest: ExamplesOf<typeof messages.digest> = {
  title: [
    ['at the top', { kind: 'observed' }, summary, at('09:00'), format],
    ['a link did not answer', { kind: 'partly_observed', unobservedProjects: 2 }, summary, at('09:00'), format],
    ['no worker runs', { kind: 'not_observed', since: at('02:58') }, summary, at('09:00'), format],
  ],
  allWell: [
    ['no project needs attention', well],
    ['some projects are Paused', countsByState((state) => ({ paused: 2, running: 58 })[String(state)] ?? 0)],
  ],
  quiet: [['there is nothing to report', 'All 60 projects are Running', at('02:58'), format]],
  happened: [['above the lines of the history', at('02:58'), format]],
  nothingHappened: [['projects are Failed or Paused, and nothing is new', at('02:58'), format]],
  moreLines: [
    ['more lines than a message has', 9, true],
    ['not all lines were counted', 9, false],
  ],
};

const samples: TrendSample[] = [2_400, 1_200, 600, 300, 0].map((backlog, index) => ({
  at: at('02:15') + index * 600_000,
  backlog,
  latencyMs: backlog * 10,
}));

const withFailures = toProjectStats([exampleLinkStats('orders-full', { failuresAfterWatermark: 7 })], now);

export const show: ExamplesOf<typeof messages.show> = {
  since: [['below the state', paused, format]],
  endpoints: [
    ['source and target', 'mysql orders-db', 'kafka warehouse'],
    ['they are not configured', null, null],
  ],
  labels: [['the labels', ['prod', 'eu'], 5]],
  taskFailed: [['a Failed project', taskFailed, 'connection refused', format]],
  linkUnreachable: [
    ['a pause did not reach a link', { kind: 'link_unreachable', link: full, at: at('02:58') }, format],
  ],
  numbers: [
    ['the numbers', { project: paused, stats: exampleProjectStats }, samples, now],
    ['failed tasks wait', { project: failed, stats: withFailures }, samples, now],
  ],
  trends: [['the last hour', { project: paused, stats: exampleProjectStats, samples }, { format, now }]],
  skipped: [['restores have left out failed tasks', 2]],
  operation: [['the last operations', exampleOperation({ state: 'done', requestedAt: at('02:50') }), format]],
};

export const skipped: ExamplesOf<typeof messages.skipped> = {
  task: [['a task in a sentence', skippedTask, format]],
  title: [
    ['the first line', 2],
    ['no task is skipped', 0],
  ],
  row: [
    ['each task', skippedTask, { format, revealReason: true }],
    ['the reason may not be shown', skippedTask, { format, revealReason: false }],
  ],
};

const linkStats = exampleLinkStats('orders-full', {
  waiting: 1_204,
  active: 3,
  failed: 2,
  oldestRunnableAt: exampleProjectStats.observedAt - 5_000,
});

export const links: ExamplesOf<typeof messages.links> = {
  title: [
    ['more than five links', 100, 5, true],
    ['all are well', 100, 5, false],
    ['a few links', 2, 2, false],
  ],
  stats: [
    ['each link', linkStats],
    ['nothing to do', exampleLinkStats('orders-full')],
  ],
};

const missing: PrecheckItem = {
  check: 'queues_exist',
  result: 'fail',
  reason: { code: 'queue_missing' },
  links: { total: 3, first: [full] },
};
const reachable: PrecheckItem = {
  check: 'connection_reachable',
  connection: 'warehouse',
  result: 'pass',
  reason: { code: 'reachable' },
};
const tasksFailed: PrecheckItem = {
  check: 'no_failed_task',
  result: 'fail',
  reason: { code: 'tasks_failed', count: 3 },
  links: oneLink,
};

export const precheck: ExamplesOf<typeof messages.precheck> = {
  connectionTitles: {
    connection_reachable: [['an item', 'warehouse']],
    eviction_policy: [['an item', 'warehouse']],
  },
  reasons: {
    reachable: [['after the name of the connection', { code: 'reachable' }, format]],
    unreachable: [['after the name of the connection', { code: 'unreachable' }, format]],
    never_evicts: [['after the name of the connection', { code: 'never_evicts' }, format]],
    evicts: [['after the name of the connection', { code: 'evicts', policy: 'allkeys-lru' }, format]],
    eviction_policy_unknown: [['after the name of the connection', { code: 'eviction_policy_unknown' }, format]],
    queue_exists: [['after the name of the link', { code: 'queue_exists' }, format]],
    queue_missing: [['after the name of the link', { code: 'queue_missing' }, format]],
    bullmq_supported: [['after the name of the link', { code: 'bullmq_supported', version: 'bullmq:6.7.0' }, format]],
    bullmq_too_old: [['after the name of the link', { code: 'bullmq_too_old', major: 4 }, format]],
    bullmq_unknown: [['after the name of the link', { code: 'bullmq_unknown' }, format]],
    workers_connected: [['after the name of the link', { code: 'workers_connected', count: 3 }, format]],
    no_worker: [['after the name of the link', { code: 'no_worker' }, format]],
    workers_unknown: [['after the name of the link', { code: 'workers_unknown' }, format]],
    failed_tasks_kept: [['after the name of the link', { code: 'failed_tasks_kept' }, format]],
    failed_tasks_removed: [['after the name of the link', { code: 'failed_tasks_removed' }, format]],
    failed_tasks_bounded: [
      ['after the name of the link', { code: 'failed_tasks_bounded', count: 1_000, ageMs: 86_400_000 }, format],
    ],
    unreadable: [['after the name of the link', { code: 'unreadable' }, format]],
    no_failed_task: [['after the name of the link', { code: 'no_failed_task' }, format]],
    tasks_failed: [['after the name of the link', { code: 'tasks_failed', count: 3 }, format]],
  },
  reason: [['the same, by its code', { code: 'no_worker' }, format]],
  title: [['the item, on the command line', missing, format]],
  message: [
    ['the message, on the command line', missing, format],
    ['it passes', reachable, format],
  ],
  line: [
    ['an item that fails', missing, 'not_started', format],
    ['one that Restore solves', tasksFailed, 'failed', format],
    ['one that passes', reachable, 'not_started', format],
  ],
  summary: [['above the items', [missing, reachable, { ...tasksFailed, result: 'unknown' }], format]],
  more: [['more items than fit', 4]],
};
