import { stringify } from 'yaml';
import type { Endpoint, ProjectId } from '../src/domain/project.ts';
import type { ColumnLimit } from './tables.ts';
import { channelId, operatorIds } from './workspace.ts';

export interface DemoLink {
  readonly queue: string;
  /** How many tasks wait in the queue when the demo starts. */
  readonly backlog: number;
  /** The time between two changes of the source. */
  readonly changeIntervalMs: number;
  /** The target refuses longer values. Default: no limit. */
  readonly columnLimit?: ColumnLimit;
}

export interface DemoProject {
  readonly id: ProjectId;
  readonly description: string;
  readonly source: Endpoint;
  readonly target: Endpoint;
  readonly labels: readonly string[];
  readonly adopt: boolean;
  readonly links: readonly DemoLink[];
}

export const demoProjects: readonly DemoProject[] = [
  {
    id: 'orders',
    description: 'Orders to the warehouse',
    source: { type: 'mysql', name: 'orders-db' },
    target: { type: 'kafka', name: 'warehouse' },
    labels: ['prod'],
    adopt: true,
    links: [
      { queue: 'orders-full', backlog: 40, changeIntervalMs: 900 },
      { queue: 'orders-incr', backlog: 20, changeIntervalMs: 500 },
    ],
  },
  {
    id: 'users',
    description: 'User profiles to the search index',
    source: { type: 'postgresql', name: 'users-db' },
    target: { type: 'elasticsearch', name: 'people-search' },
    labels: ['staging'],
    adopt: false,
    links: [{ queue: 'users-incr', backlog: 60, changeIntervalMs: 1_500 }],
  },
  {
    id: 'invoices',
    description: 'Invoices to the ledger',
    source: { type: 'oracle', name: 'invoices-db' },
    target: { type: 'postgresql', name: 'ledger' },
    labels: ['prod', 'finance'],
    adopt: true,
    links: [
      { queue: 'invoices-full', backlog: 30, changeIntervalMs: 1_100 },
      { queue: 'invoices-incr', backlog: 10, changeIntervalMs: 600 },
    ],
  },
  {
    id: 'payments',
    description: 'Payments to the reporting database',
    source: { type: 'mysql', name: 'payments-db' },
    target: { type: 'oceanbase', name: 'reporting' },
    labels: ['prod', 'finance'],
    adopt: true,
    links: [
      { queue: 'payments-full', backlog: 30, changeIntervalMs: 1_300 },
      { queue: 'payments-incr', backlog: 10, changeIntervalMs: 700, columnLimit: { column: 'amount', width: 10 } },
    ],
  },
];

/** The row with which the demo shows a failed project. */
export const brokenRow = {
  project: 'payments',
  queue: 'payments-incr',
  row: '7',
  laterValues: ['12.50', '13.00'],
} as const;

export function findDemoProject(id: string): DemoProject | null {
  return demoProjects.find((project) => project.id === id) ?? null;
}

/** Returns the demo's syncbot.yml, in the format that a team writes for its own queues. */
export function buildSyncbotYml(): string {
  const projects = demoProjects.map(({ id, description, source, target, labels, adopt, links }) => [
    id,
    { description, source, target, labels, channel: channelId, adopt, links: links.map(({ queue }) => ({ queue })) },
  ]);
  const file = {
    policy: { operators: operatorIds, channels: [channelId] },
    settings: { observeEvery: '1s', showErrors: true, alertGroupWait: '1s' },
    projects: Object.fromEntries(projects),
  };
  return `# The demo of syncbot. Alice and Bob are operators in #sync, Carol is not.\n${stringify(file)}`;
}
