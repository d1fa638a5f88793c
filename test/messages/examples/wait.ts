import type { ProjectId } from '../../../src/domain/project.ts';
import type { BusyLink, ChangedProject, RemainingProject } from '../../../src/domain/project-goal.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import { exampleLink } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, format } from './facts.ts';

const projects: readonly ProjectId[] = ['carts', 'orders', 'users'];

function busy(queue: string, facts: Partial<BusyLink>): BusyLink {
  return { link: exampleLink(queue), active: 0, paused: true, ...facts };
}

function paused(project: ProjectId, links: readonly BusyLink[]): RemainingProject {
  return { project, state: 'paused', links, backlog: 0, latencyMs: 0 };
}

const notQuiet = [
  paused('carts', [busy('carts', { paused: false })]),
  paused('orders', [busy('orders-full', { active: 2 }), busy('orders-incr', { active: 1, paused: false })]),
  { ...paused('users', [busy('users', { active: null, paused: null })]), backlog: null, latencyMs: null },
];
const behind: readonly RemainingProject[] = [
  { project: 'orders', state: 'running', links: [], backlog: 1_204, latencyMs: 312_000 },
  { project: 'users', state: 'running', links: [], backlog: null, latencyMs: null },
];
const restored: ChangedProject = {
  project: 'orders',
  change: { state: 'restoring', since: at('03:04'), by: 'U0BOB' },
};

export const wait: ExamplesOf<typeof messages.wait> = {
  already: [
    ['a repeated `syncbot pause orders --wait-quiet 5m`', 'quiet', ['orders']],
    ['`syncbot restore label:prod --wait-caught-up 30m`', 'caught_up', projects],
  ],
  cannotPause: [['`syncbot pause label:prod --wait-quiet 5m`', ['orders']]],
  progress: {
    quiet: [
      ['after Pause', notQuiet.slice(1, 2)],
      ['a link does not answer', notQuiet],
    ],
    caught_up: [
      ['after Restore', behind.slice(0, 1)],
      ['a link does not answer', behind],
    ],
  },
  reached: {
    quiet: [['`--wait-quiet` has succeeded', projects]],
    caught_up: [['`--wait-caught-up` has succeeded', projects]],
  },
  timedOut: [
    ['`--wait-quiet 5m`', 'quiet', 300_000],
    ['`--wait-caught-up 30m`', 'caught_up', 1_800_000],
  ],
  interrupted: [
    ['Ctrl-C', 'quiet'],
    ['Ctrl-C', 'caught_up'],
  ],
  remaining: [
    ['after the end of `--wait-quiet`', 'quiet', notQuiet, format],
    ['after the end of `--wait-caught-up`', 'caught_up', behind, format],
    ['Redis never answered', 'quiet', null, format],
  ],
  restoreWith: [['at the end', 'syncbot restore batch:b1']],
  changed: {
    quiet: [
      ['another person restored one', [restored], format],
      ['and another one was removed', [restored, { project: 'users', change: null }], format],
    ],
    caught_up: [
      [
        'a task failed',
        [{ project: 'orders', change: { state: 'failed', since: at('03:04'), by: 'syncbot' } }],
        format,
      ],
    ],
  },
};
