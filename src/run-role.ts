import type { SendAudit } from './application/deliver-audit.ts';
import { DatabaseRefusedError, StoreUnavailableError } from './application/errors.ts';
import { type AppOptions, exitCodes, type Role, StartError } from './cli/cli-app.ts';
import { withTimeout } from './lib/async.ts';
import { type RetryOptions, retryUntilAvailable } from './lib/retry.ts';
import { messages } from './messages/catalog.ts';
import { AdminPortError, type AdminServer, openAdminServer } from './metrics/admin-server.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Services } from './services.ts';
import type { SlackApp, SlackAppOptions } from './slack/app.ts';
import { SlackConnectionError } from './slack/slack-connection-error.ts';
import { slackOptions } from './slack-options.ts';
import type { Tracing } from './tracing/tracing.ts';

/** Parts of Slack that a role uses. */
export type SlackParts = Pick<SlackApp, 'start' | 'stop' | 'notifier' | 'isConnected'>;

export interface RoleParts {
  readonly options: AppOptions;
  readonly createSlack: (options: SlackAppOptions) => SlackParts | Promise<SlackParts>;
  readonly services: Services;
  readonly metrics: Metrics | null;
  readonly tracing: Tracing | null;
}

export interface RoleRun {
  readonly role: Role;
  /** Ends the role when aborted. */
  readonly signal: AbortSignal;
  /** Runs before the workers start, and again while Redis is not available. */
  readonly prepare: () => Promise<void>;
}

/** How long a stop waits for parts that are still starting, ms. */
const startStopTimeoutMs = 3_000;

/**
 * Runs a role until its signal is aborted. The bot answers people while Redis is down, and the workers work while Slack is
 * down: neither waits for the other. Throws `StartError` when Slack refuses the tokens, or the admin port is in use.
 */
export async function runRole(
  { options, services, metrics, tracing, createSlack }: RoleParts,
  run: RoleRun,
): Promise<void> {
  const ended = new AbortController();
  const stopSignal = AbortSignal.any([run.signal, ended.signal]);
  const slack =
    run.role === 'worker'
      ? null
      : await createSlack({
          ...slackOptions(options, services),
          ...metrics?.slack,
          ...slackTracing(services, { metrics, tracing }),
          context: services.context,
          onAuthError: (error) => ended.abort(toStartError(error)),
        });
  await using _adminServer = await startAdminServer(options, { metrics, role: run.role, services, slack, stopSignal });
  const firstAttempt = createDeferred();
  const retryOptions = { log: options.log, clock: services.context.clock, signal: stopSignal };

  // The workers never start with the connections of an outdated file.
  const prepare = () => run.prepare().then(() => services.refreshConfiguration());
  const starting = [
    prepareAndStartWorkers(services, { ...run, prepare: () => prepare().finally(firstAttempt.resolve) }, retryOptions),
    // The first attempt may create the projects that the bot shows.
    slack === null ? undefined : firstAttempt.promise.then(() => startBot({ options, services }, slack, retryOptions)),
  ];
  try {
    await Promise.race([Promise.all(starting), whenAborted(stopSignal)]);
    if (!stopSignal.aborted) options.log.info({}, 'running');
    await whenAborted(stopSignal);
    ended.signal.throwIfAborted();
  } catch (error) {
    throw toStartError(error);
  } finally {
    ended.abort();
    await Promise.all([
      slack?.stop(),
      services.stopWorkers(),
      withTimeout(Promise.allSettled(starting), startStopTimeoutMs),
    ]);
  }
}

type WaitOptions = Pick<RetryOptions, 'log' | 'clock' | 'signal'>;

async function startBot(
  { options, services }: Pick<RoleParts, 'options' | 'services'>,
  slack: Pick<SlackApp, 'start' | 'notifier'>,
  waitOptions: WaitOptions,
): Promise<void> {
  const isRetryable = (error: unknown) => error instanceof SlackConnectionError && error.code === 'unreachable';
  await retryUntilAvailable(() => slack.start(), { ...waitOptions, isRetryable, message: 'waiting for Slack' });
  const sendAudit = await loadAuditWebhook(options);
  await services.startNotifier(slack.notifier, sendAudit);
}

/** Loads the webhook only if there is one. */
async function loadAuditWebhook({ environment, version }: AppOptions): Promise<SendAudit | null> {
  const { auditWebhook } = environment.secrets;
  if (auditWebhook === null) return null;
  const { createAuditWebhook } = await import('./infra/webhook/audit-webhook.ts');
  return createAuditWebhook({ ...auditWebhook, version: version ?? 'unknown' });
}

async function prepareAndStartWorkers(
  services: Services,
  { role, prepare }: RoleRun,
  options: WaitOptions,
): Promise<void> {
  const isRetryable = (error: unknown) =>
    error instanceof StoreUnavailableError && !(error instanceof DatabaseRefusedError);
  await retryUntilAvailable(prepare, { ...options, isRetryable, message: 'waiting for Redis' });
  if (options.signal.aborted) return;
  services.followConfiguration(role);
  await (role === 'bot' ? services.startSweep() : services.startWorkers());
}

/** Metrics and traces both receive the calls to Slack. */
function slackTracing(
  { context }: Services,
  { metrics, tracing }: Pick<RoleParts, 'metrics' | 'tracing'>,
): Pick<SlackAppOptions, 'traceRequest' | 'onCall'> {
  if (tracing === null) return {};
  const { traceRequest, onCall } = tracing.traceSlack(context);
  return {
    traceRequest,
    onCall(call) {
      metrics?.slack.onCall(call);
      onCall(call);
    },
  };
}

const workerQueues = ['actions', 'reconcile', 'batches', 'observe', 'sweep'] as const;
const expectedQueues: Readonly<Record<Role, readonly string[]>> = {
  bot: ['notifications', 'batches', 'sweep'],
  worker: workerQueues,
  all: [...workerQueues, 'notifications'],
};

interface AdminServerParts extends Pick<RoleParts, 'services' | 'metrics'> {
  readonly role: Role;
  readonly slack: Pick<SlackApp, 'isConnected'> | null;
  readonly stopSignal: AbortSignal;
}

/** Serves health and metrics until it is disposed. Returns null when `ADMIN_PORT` is not set. Throws `StartError`. */
async function startAdminServer(
  { environment, log, version }: AppOptions,
  { metrics, role, services, slack, stopSignal }: AdminServerParts,
): Promise<AdminServer | null> {
  const { adminPort: port, adminHost: host } = environment;
  if (metrics === null || port === null) return null;
  const probes = {
    ...services.health,
    isSlackConnected: slack === null ? null : () => slack.isConnected(),
    expectedQueues: expectedQueues[role],
    stopSignal,
  };
  metrics.registerProcess({ version: version ?? 'unknown', role }, probes);
  return openAdminServer({ port, host, probes, metrics, log }).catch((error: unknown) => {
    throw toStartError(error);
  });
}

/** An error with one sentence for people becomes a `StartError`. Every other error is returned as it is. */
function toStartError(error: unknown): unknown {
  if (error instanceof DatabaseRefusedError) {
    return new StartError(exitCodes.usageError, messages.startErrors.databaseRefused, { cause: error });
  }
  const isExpected = error instanceof SlackConnectionError || error instanceof AdminPortError;
  return isExpected ? new StartError(exitCodes.usageError, error.message, { cause: error }) : error;
}

function createDeferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((fulfill) => {
    resolve = fulfill;
  });
  return { promise, resolve };
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
