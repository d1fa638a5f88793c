import { Registry } from 'prom-client';
import type { Logger } from '../application/context.ts';
import type { Stores } from '../application/stores.ts';
import type { HealthProbes } from './health.ts';
import { createHealthMetrics } from './health-metrics.ts';
import { createOperationMetrics } from './operation-metrics.ts';
import {
  type Build,
  createBuildInfo,
  createLogCounter,
  renderProcessMetrics,
  startProcessMetrics,
} from './process-metrics.ts';
import { createProjectMetrics, type ObserveCycle } from './project-metrics.ts';
import { createSlackMetrics, type SlackMetrics } from './slack-metrics.ts';

/** Counts what an app does. Each app has its own; nothing is shared but what the process itself tells. */
export interface Metrics {
  /** The same store, whose operations are counted. */
  readonly instrumentStores: (stores: Stores) => Stores;
  /** Does a round of the observer and keeps the figures that it saw. */
  readonly instrumentCycle: (observe: ObserveCycle) => Promise<void>;
  readonly slack: SlackMetrics;
  /** The same log, whose warnings and errors are counted. */
  readonly instrumentLog: (log: Logger) => Logger;
  /** Says what runs here, and from now on how it stands. Once. */
  readonly registerProcess: (build: Build, standing: HealthProbes) => void;
  readonly type: string;
  /** Everything in Prometheus' text format. Those who ask at the same time get the same text. */
  readonly text: () => Promise<string>;
}

export function createMetrics({ observeEveryMs }: { readonly observeEveryMs: number }): Metrics {
  const registry = new Registry();
  let pending: Promise<string> | null = null;
  const projectMetrics = createProjectMetrics(registry, observeEveryMs);
  const render = async () => {
    const [own, process] = await Promise.all([registry.metrics(), renderProcessMetrics()]);
    return [own, projectMetrics.render(), process].join('\n');
  };
  return {
    instrumentStores: createOperationMetrics(registry),
    instrumentCycle: projectMetrics.instrumentCycle,
    slack: createSlackMetrics(registry),
    type: Registry.PROMETHEUS_CONTENT_TYPE,
    instrumentLog: createLogCounter(registry),
    registerProcess(build, standing) {
      startProcessMetrics();
      createBuildInfo(registry, build);
      createHealthMetrics(registry, standing);
    },
    text() {
      pending ??= render().finally(() => {
        pending = null;
      });
      return pending;
    },
  };
}
