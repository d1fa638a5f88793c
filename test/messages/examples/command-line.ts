import type { messages } from '../../../src/messages/catalog.ts';
import { exampleBatch, exampleOperation, exampleProject, exampleProjectStats } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, format, taskFailed } from './facts.ts';

const project = exampleProject();
const shortLog = exampleProject({ definition: { ...project.definition, logRetention: 3_600_000 } });
const timed = exampleOperation({ pauseUntil: { at: at('04:59'), timeZone: null, source: 'person' } });
const whenCaughtUp = exampleOperation({ catchUpMs: 1_800_000 });
const failedProject = exampleProject({ state: 'failed' });
const question = { project, stats: exampleProjectStats, now: at('02:59'), format };
const pending = { project: 'orders', operation: 'op1' };
const noLinks = { paused: 0, unreadable: 0, missing: 0, notConfigured: 0, unreachable: 0 };

export const cli: ExamplesOf<typeof messages.cli> = {
  envFileUnreadable: [['the file belongs to another user', 'EACCES']],
  seeHelp: [['a mistake in the arguments', 'There is no command lits.']],
  reasonTooLong: [['--reason', 500]],
  tooManyToSkip: [['`--skip` too often', 10]],
  yesOrNo: [['every question', 'Pause orders?']],
  invalidLimit: [['`--limit 0`', 100_000]],
  redisUnavailable: [
    ['Redis does not answer', null],
    ['the reason is known', 'refuses the connection: check host and port, and that Redis is running'],
  ],
  redisRefused: [['Redis refuses a later command', 'refuses the user name or the password: check them']],
  unexpectedError: [['an error of syncbot', 'TypeError']],
  resolvedName: [['a part of a name', 'ord', 'orders']],
  list: {
    noProjects: [['nothing is configured', 'syncbot.yml', 'syncbot']],
    links: [
      ['the column LINKS', { ...noLinks, total: 10 }],
      ['some of them need attention', { ...noLinks, total: 10, paused: 2, missing: 1, unreachable: 1 }],
    ],
  },
  watch: {
    status: [
      ['before the first reading', null, 2_000],
      ['above the list', '12:00:05', 2_000],
    ],
    failed: [
      ['Redis does not answer', '12:00:07', "The bot's Redis (REDIS_URL) refuses the connection. Nothing was changed."],
    ],
    old: [
      ['no reading succeeded', null],
      ['below that', '12:00:05'],
    ],
  },
  show: {
    logKeptUntil: [['the source log', at('14:50'), format]],
  },
  history: {
    truncated: [['more lines than shown', 1_000, 'orders']],
    since: [['above the lines', '2026-11-27 22:00 +01:00', 'Europe/Berlin']],
    notShown: [
      ['more lines than shown', 12, true, 1_000],
      ['some of them may be missing', 0, false, 1_000],
    ],
  },
  change: {
    question: [
      ['`syncbot pause orders`', { operation: exampleOperation({ action: 'pause' }), ...question }],
      ['`syncbot pause orders --when-caught-up`', { operation: whenCaughtUp, ...question }],
      ['`syncbot pause orders --for 2h`', { operation: timed, ...question }],
      ['the source keeps its log for a shorter time', { operation: timed, ...question, project: shortLog }],
      [
        '`syncbot restore orders`',
        { operation: exampleOperation({ action: 'restore' }), ...question, project: failedProject },
      ],
      [
        '`syncbot restore orders --skip 7`',
        {
          operation: exampleOperation({ action: 'restore', tasks: [taskFailed] }),
          ...question,
          project: failedProject,
        },
      ],
    ],
    endsTooLate: [['`syncbot pause orders --for 2h --yes`', { operation: timed, ...question, project: shortLog }]],
    unknownOutcome: [['Redis stopped during the command', pending, 'syncbot show orders']],
    checkLater: [['the command waited long enough', 'op1', 'syncbot show orders']],
  },
  changeBatch: {
    question: [
      [
        '`syncbot pause label:prod`',
        { action: 'pause', items: exampleBatch().items, refused: [], waves: null, catchUpMs: null, links: 30 },
        { backlog: 1_204, latencyMs: 5_000, logEnds: [] },
        format,
      ],
      [
        '`syncbot pause label:prod` without an end, and a source has `logRetention`',
        { action: 'pause', items: exampleBatch().items, refused: [], waves: null, catchUpMs: null, links: 30 },
        { backlog: 1_204, latencyMs: 5_000, logEnds: [{ project: 'orders', until: at('05:00'), isPauseTimed: false }] },
        format,
      ],
    ],
    unknownOutcome: [['Redis stopped during the command', 'b1', 'npx syncbot list']],
    stillOpen: [['the command waited long enough', 'b1', 'syncbot list']],
  },
  apply: {
    refused: [['the file cannot be applied', ['orders is Running: Pause it first, then apply again.']]],
    conflict: [
      ['a project changed meanwhile', 'orders', { isConfigurationStored: false, written: [] }],
      ['after others were applied', 'orders', { isConfigurationStored: true, written: ['users'] }],
    ],
    configuration: [['in the plan', 'settings.observeEvery: 5s → 10s']],
    connectionUsers: [['below a connection', ['orders', 'users']]],
    processes: [
      ['below a connection', ['connection warehouse is not configured in this process: set W_URL and restart it']],
    ],
    notPaused: [['a link did not answer', ['orders-full', 'orders-incr']]],
    applied: [['done', { configuration: true, created: 1, changed: 2, removed: 0, pausedAgain: 0 }]],
    unchanged: [['the other projects', 57]],
    next: [['on a terminal, when no process runs', 'syncbot']],
    create: [
      ['a new project', { project: 'orders', state: 'not_started', linkCount: 2, stateFrom: 'default' }],
      ['adopt: true', { project: 'orders', state: 'running', linkCount: 2, stateFrom: 'queues' }],
      ['adopt: true, without queues', { project: 'orders', state: 'not_started', linkCount: 2, stateFrom: 'noQueues' }],
    ],
    change: [['another definition', 'orders', ['description', 'link orders-incr added']]],
    remove: [['a project that is not in the file', 'orders']],
    kept: [
      ['a project that is not in the file, without --prune', ['orders'], 'syncbot'],
      ['several', ['orders', 'users'], 'npx syncbot'],
    ],
    unreadable: [['a project that is not in the file, and that a newer version stored', ['orders']]],
    pausesOnFailure: [['adopt: true, without onFailure', ['orders', 'users']]],
    pauseAgain: [['a link was resumed since the last apply', 'orders']],
    pauses: [['below a project', 'orders-full']],
    leftPaused: [['below a removed project', ['orders-full', 'orders-incr']]],
    missing: [['below a project', ['orders-full']]],
    precheck: [
      [
        'below a project',
        { item: 'workers connected', result: 'fail', message: 'orders-full: no worker is connected' },
      ],
    ],
  },
  export: {
    unreadableProjects: [['a newer version stored a project', ['orders']]],
    written: [['with --output', 'syncbot.yml', 12]],
    notWritten: [['the folder does not exist', 'conf/syncbot.yml', 'ENOENT']],
    urlNotStored: [['a URL was written in the file', 'warehouse', 'WAREHOUSE_REDIS_URL']],
  },
  run: {
    refused: [['the first start', 'syncbot.yml', ['orders: orders-full is in use (it has failed tasks).']]],
    conflict: [['two first starts', 'orders']],
  },
};
