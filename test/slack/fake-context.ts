import { setImmediate } from 'node:timers/promises';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { Stores } from '../../src/application/stores.ts';
import type { LinkObservation } from '../../src/domain/observation.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Project } from '../../src/domain/project.ts';
import { exampleLinkStats, exampleNow } from '../support/example-records.ts';
import { silentJobs, silentNotifications } from '../support/silent-ports.ts';

export interface LoggedCall {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

export interface FakeContext {
  readonly context: UseCaseContext;
  readonly logLines: LoggedCall[];
  readonly notified: OperationRef[];
}

export type FakeStores = { readonly [Subject in keyof Stores]?: Partial<Stores[Subject]> };

/** A context whose stores know only these projects and what the test passes. Every other call rejects. */
export function createFakeContext(projects: readonly Project[], stores: FakeStores = {}): FakeContext {
  const logLines: LoggedCall[] = [];
  const notified: OperationRef[] = [];
  const claimedKeys = new Set<string>();
  const logAt = (level: LoggedCall['level']) => (fields: object, message: string) => {
    logLines.push({ level, fields, message });
  };
  const rejectEveryCall = new Proxy(
    {},
    { get: (_target, name) => () => Promise.reject(new Error(`${String(name)} called`)) },
  );
  const fakePort = <Port extends object>(given: Partial<Port> = {}, defaults: Partial<Port> = {}): Port =>
    Object.assign(Object.create(rejectEveryCall), defaults, given);
  const observeLinks = (links: readonly { readonly link: LinkObservation['link'] }[]) =>
    Promise.resolve(links.map(({ link }) => ({ ...exampleLinkStats(link.queue), link })));
  const context: UseCaseContext = {
    projects: fakePort(stores.projects, {
      listIds: async () => projects.map(({ id }) => id),
      read: async (id: string) => projects.find((project) => project.id === id) ?? null,
      readVersion: async (id: string) => projects.find((project) => project.id === id)?.version ?? null,
      readMany: async (ids: readonly string[]) => projects.filter(({ id }) => ids.includes(id)),
      readManyOrUnreadable: async (ids) => ({
        projects: projects.filter(({ id }) => ids.includes(id)),
        unreadable: [],
      }),
      listByUrgency: async () => ({ kind: 'outdated' }),
      listLabels: async () => [...new Set(projects.flatMap(({ definition }) => definition.labels))],
    }),
    operations: fakePort(stores.operations),
    batches: fakePort(stores.batches),
    alerts: fakePort(stores.alerts),
    alertGroups: fakePort(stores.alertGroups, { addChanged: async () => ({ isFirst: true }) }),
    auditLog: fakePort(stores.auditLog),
    auditDelivery: fakePort(stores.auditDelivery),
    observations: fakePort(stores.observations, {
      readLastCycle: async () => ({ completedAt: exampleNow, staleAfterMs: 90_000, unobservedProjects: 0, gap: null }),
    }),
    homes: fakePort(stores.homes, { listViewers: async () => [] }),
    digests: fakePort(stores.digests),
    trends: fakePort(stores.trends, { read: async () => [] }),
    installations: fakePort(stores.installations, { listOthers: async () => [] }),
    configurations: fakePort(stores.configurations),
    deduplication: fakePort(stores.deduplication, {
      claimOnce: async (key: string) => !claimedKeys.has(key) && claimedKeys.add(key).has(key),
    }),
    serverClock: fakePort(stores.serverClock, { now: async () => exampleNow }),
    links: Object.assign(Object.create(rejectEveryCall), { observe: observeLinks }),
    jobs: silentJobs,
    notifications: {
      ...silentNotifications,
      async operationChanged(ref) {
        notified.push(ref);
      },
    },
    clock: { now: () => exampleNow, monotonicNow: () => performance.now(), sleep: () => setImmediate() },
    ids: { next: () => 'op1' },
    log: { info: logAt('info'), warn: logAt('warn'), error: logAt('error') },
    settings: {
      confirmationTtlMs: 300_000,
      observeEveryMs: 5_000,
      pausedReminderMs: 0,
      alertGroupWaitMs: 10_000,
      alertGroupIntervalMs: 60_000,
      channelsWithoutButtons: [],
      digests: [],
      waves: null,
    },
    stopSignal: new AbortController().signal,
  };
  return { context, logLines, notified };
}
