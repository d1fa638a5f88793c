import { Registry } from 'prom-client';
import type { Logger } from '../application/context.ts';
import type { AuditDeliveryListener } from '../application/deliver-audit.ts';
import type { Stores } from '../application/stores.ts';
import { createAuditMetrics } from './audit-metrics.ts';
import type { HealthProbes } from './health.ts';
import { registerHealthMetrics } from './health-metrics.ts';
import { createLogCounter } from './log-metrics.ts';
import { createProjectMetrics, type ObserveCycle } from './observer-metrics.ts';
import { instrumentOperations } from './operation-metrics.ts';
import { type ProcessInfo, registerBuildInfo, renderProcessMetrics, startProcessMetrics } from './process-metrics.ts';
import { createSlackMetrics, type SlackMetrics } from './slack-metrics.ts';

/** The metrics of one app. Only the metrics of the process itself are shared between apps. */
export interface Metrics {
  /** Wraps the stores so that operations are counted. */
  readonly instrumentStores: (stores: Stores) => Stores;
  /** Runs an observe cycle and keeps what it observed. */
  readonly instrumentCycle: (observe: ObserveCycle) => Promise<void>;
  readonly slack: SlackMetrics;
  readonly auditDelivery: AuditDeliveryListener;
  /** Wraps the log so that warnings and errors are counted. */
  readonly instrumentLog: (log: Logger) => Logger;
  /** Registers the metrics of the process and its health. Called once. */
  readonly registerProcess: (info: ProcessInfo, probes: HealthProbes) => void;
  readonly contentType: string;
  /** All metrics in Prometheus' text format. Concurrent scrapes share one rendering. */
  readonly render: () => Promise<string>;
}

export function createMetrics({ observeEveryMs }: { readonly observeEveryMs: () => number }): Metrics {
  const registry = new Registry();
  const projectMetrics = createProjectMetrics(registry, observeEveryMs);
  let rendering: Promise<string> | null = null;
  const renderAll = async () => {
    const [own, process] = await Promise.all([registry.metrics(), renderProcessMetrics()]);
    return [own, projectMetrics.render(), process].join('\n');
  };
  return {
    instrumentStores: instrumentOperations(registry),
    instrumentCycle: projectMetrics.instrumentCycle,
    slack: createSlackMetrics(registry),
    auditDelivery: createAuditMetrics(registry),
    instrumentLog: createLogCounter(registry),
    registerProcess(info, probes) {
      startProcessMetrics();
      registerBuildInfo(registry, info);
      registerHealthMetrics(registry, probes);
    },
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    render() {
      rendering ??= renderAll().finally(() => {
        rendering = null;
      });
      return rendering;
    },
  };
}
