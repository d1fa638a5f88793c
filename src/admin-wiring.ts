import { type AppOptions, exitCodes, type Role, StartError } from './cli/context.ts';
import { AdminPortError, type AdminServer, openAdminServer } from './metrics/admin-server.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Services } from './services.ts';
import type { SlackApp } from './slack/app.ts';

/** Null: nobody asks for figures. */
export async function createMetricsIfEnabled({ environment, config }: AppOptions): Promise<Metrics | null> {
  if (environment.adminPort === null) return null;
  const { createMetrics } = await import('./metrics/metrics.ts');
  return createMetrics(config.settings);
}

export interface AdminOptionsSource {
  readonly meter: Metrics | null;
  readonly role: Role;
  readonly core: Services;
  readonly slack: Pick<SlackApp, 'isConnected'> | null;
  readonly stopping: AbortSignal;
}

/** Serves health and metrics until it is disposed of; null: nobody asks for them. Throws RoleFault. */
export async function startAdminServer(
  { environment, log, version }: AppOptions,
  parts: AdminOptionsSource,
): Promise<AdminServer | null> {
  const { meter, role, core, slack, stopping } = parts;
  const { adminPort: port } = environment;
  if (meter === null || port === null) return null;
  const probes = {
    ...core.health,
    isSlackConnected: slack === null ? null : () => slack.isConnected(),
    expectedQueues: expectedQueues[role],
    stopping,
  };
  meter.registerProcess({ version: version ?? 'unknown', role }, probes);
  return openAdminServer({ port, probes, metrics: meter, log }).catch((error: unknown) => {
    throw error instanceof AdminPortError
      ? new StartError(exitCodes.usageError, error.message, { cause: error })
      : error;
  });
}

const workerQueues = ['actions', 'reconcile', 'observe', 'sweep'] as const;
const expectedQueues = {
  bot: ['notifications'],
  worker: workerQueues,
  all: [...workerQueues, 'notifications'],
} as const;
