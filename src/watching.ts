import type { Meter } from './admin/meter.ts';
import { AdminPortRefused, type AdminServer, openAdminServer } from './admin/server.ts';
import { exitCodes, type OpenOptions, type Role, RoleFault } from './cli/context.ts';
import type { Core } from './core.ts';
import type { SlackApp } from './slack/slack-app.ts';

/** Null: nobody asks for figures. */
export async function meterOf({ environment, config }: OpenOptions): Promise<Meter | null> {
  if (environment.adminPort === null) return null;
  const { createMeter } = await import('./admin/meter.ts');
  return createMeter(config.settings);
}

export interface Watched {
  readonly meter: Meter | null;
  readonly role: Role;
  readonly core: Core;
  readonly slack: Pick<SlackApp, 'isConnected'> | null;
  readonly stopping: AbortSignal;
}

/** Serves health and metrics until it is disposed of; null: nobody asks for them. Throws RoleFault. */
export async function openWatch(
  { environment, log, version }: OpenOptions,
  watched: Watched,
): Promise<AdminServer | null> {
  const { meter, role, core, slack, stopping } = watched;
  const { adminPort: port } = environment;
  if (meter === null || port === null) return null;
  const standing = {
    ...core.health,
    slackConnected: slack === null ? null : () => slack.isConnected(),
    queuesWanted: queuesOf[role],
    stopping,
  };
  meter.watch({ version: version ?? 'unknown', role }, standing);
  return openAdminServer({ port, standing, metrics: meter, log }).catch((error: unknown) => {
    throw error instanceof AdminPortRefused ? new RoleFault(exitCodes.usage, error.message, { cause: error }) : error;
  });
}

const workerQueues = ['actions', 'upkeep', 'observe', 'sweep'] as const;
const queuesOf = { bot: ['notices'], worker: workerQueues, all: [...workerQueues, 'notices'] } as const;
