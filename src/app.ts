import type { SendAudit } from './application/deliver-audit.ts';
import { DatabaseRefusedError, StoreUnavailableError } from './application/errors.ts';
import {
  type AppOptions,
  type CliApp,
  exitCodes,
  type LinksOptions,
  type OpenedLinks,
  type Role,
  type SlackSetup,
  type SlackSetupOptions,
  StartError,
} from './cli/cli-app.ts';
import { type Environment, validateSlackEnvironment } from './config/environment.ts';
import { formatEnvironmentError } from './config/errors.ts';
import { createLinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkGateway } from './infra/bullmq/link-gateway.ts';
import { withTimeout } from './lib/async.ts';
import { type RetryOptions, retryUntilAvailable } from './lib/retry.ts';
import { messages } from './messages/catalog.ts';
import { AdminPortError, type AdminServer, openAdminServer } from './metrics/admin-server.ts';
import type { Metrics } from './metrics/metrics.ts';
import { Services } from './services.ts';
import type { SlackApp, SlackAppOptions } from './slack/app.ts';
import type { Transport } from './slack/receivers/receiver.ts';
import { SlackConnectionError } from './slack/slack-connection-error.ts';
import type { Tracing } from './tracing/tracing.ts';

/** Parts that tests and the demo replace. */
export interface AppOverrides {
  readonly createSlack?: (options: SlackAppOptions) => SlackParts | Promise<SlackParts>;
}

type SlackParts = Pick<SlackApp, 'start' | 'stop' | 'notifier' | 'isConnected'>;

/** Loads Bolt only for a role with a bot: a worker and the commands of the command line start faster without it. */
const loadSlackApp = async (options: SlackAppOptions) => (await import('./slack/app.ts')).createSlackApp(options);

/** The composition root: wires the services, Slack, the metrics and the command line. Disposing closes everything. */
export async function createApp(given: AppOptions, { createSlack = loadSlackApp }: AppOverrides = {}): Promise<CliApp> {
  const { environment, config } = given;
  const metrics = await createMetricsIfEnabled(given, () => services.context.settings.observeEveryMs);
  const tracing = await startTracingIfEnabled(given);
  const counted = metrics?.instrumentLog(given.log) ?? given.log;
  const options = { ...given, log: tracing?.instrumentLog(counted) ?? counted };
  const { connections, policy, onCall, digests, settings } = config;
  const { resolveConnections } = given;
  const services: Services = new Services(
    {
      redis: environment.secrets.redis,
      connections,
      policy,
      onCall,
      digests,
      settings,
      keyPrefix: environment.keyPrefix,
      ...(resolveConnections === undefined ? {} : { resolveConnections }),
    },
    options.log,
    {
      ...(metrics === null ? {} : { instrumentation: metrics }),
      ...(tracing === null ? {} : { tracing }),
    },
  );
  const parts = { options, services, metrics, tracing, createSlack };
  return {
    useCaseContext: services.context,
    useStoredConfiguration: () => services.refreshConfiguration(),
    checkSlack: () => runSlackChecks(options),
    trace: (command, run) => tracing?.traceCommand(command, run) ?? run(),
    runRole: (role, signal, prepare = async () => {}) => runRole(parts, { role, signal, prepare }),
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      await tracing?.[Symbol.asyncDispose]();
    },
  };
}

/** Opens connections to queues only. Nothing is written, other than by `createApp`: BullMQ records its version in queues. */
export async function openLinks({ endpoints, log }: LinksOptions): Promise<OpenedLinks> {
  const connections = createLinkConnections(endpoints, (connection, error) =>
    log.warn({ connection, error }, 'connection failed'),
  );
  return {
    gateway: createLinkGateway(connections),
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}

/** For `init`, which has no configuration yet. */
export async function openSlackSetup(options: SlackSetupOptions): Promise<SlackSetup> {
  return (await import('./slack/setup-checks.ts')).createSetupChecks(options);
}

interface AppParts extends Required<AppOverrides> {
  readonly options: AppOptions;
  readonly services: Services;
  readonly metrics: Metrics | null;
  readonly tracing: Tracing | null;
}

interface RoleRun {
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
async function runRole({ options, services, metrics, tracing, createSlack }: AppParts, run: RoleRun): Promise<void> {
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
  { options, services }: Pick<AppParts, 'options' | 'services'>,
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

/** Loads the metrics only when they are served: prom-client is large. */
async function createMetricsIfEnabled(
  { environment }: AppOptions,
  observeEveryMs: () => number,
): Promise<Metrics | null> {
  if (environment.adminPort === null) return null;
  const { createMetrics } = await import('./metrics/metrics.ts');
  return createMetrics({ observeEveryMs });
}

/** Loads OpenTelemetry only for a process that writes traces. */
async function startTracingIfEnabled({ environment, log, version, tracedAs }: AppOptions): Promise<Tracing | null> {
  const { openTelemetry: variables } = environment.secrets;
  if (variables === null || tracedAs === undefined) return null;
  const { startTracing } = await import('./tracing/start-tracing.ts');
  return startTracing({ variables, version: version ?? 'unknown', role: tracedAs, log });
}

/** Metrics and traces both receive the calls to Slack. */
function slackTracing(
  { context }: Services,
  { metrics, tracing }: Pick<AppParts, 'metrics' | 'tracing'>,
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

interface AdminServerParts extends Pick<AppParts, 'services' | 'metrics'> {
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

/** Throws `StartError` when a variable that the transport needs is missing. */
function slackOptions(
  { environment, log }: AppOptions,
  { configuration }: Services,
): Omit<SlackAppOptions, 'context' | 'onAuthError'> {
  const errors = validateSlackEnvironment(environment);
  const { slackBotToken: botToken } = environment.secrets;
  const transport = transportOf(environment);
  if (errors.length > 0 || botToken === null || transport === null) {
    throw new StartError(exitCodes.usageError, errors.map(formatEnvironmentError).join('\n'));
  }
  return {
    botToken,
    transport,
    command: environment.command,
    readPolicy: () => configuration.readPolicy(),
    showErrors: () => configuration.showErrors,
    onCallRules: () => configuration.onCall,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
  };
}

/** Socket Mode is used when both are configured. Returns null when neither is. */
function transportOf({ secrets, port, host }: Environment): Transport | null {
  const { slackAppToken: appToken, slackSigningSecret: signingSecret } = secrets;
  if (appToken !== null) return { kind: 'socket', appToken };
  return signingSecret === null ? null : { kind: 'http', signingSecret, port, host };
}

/** The Slack items of `doctor`. Returns null without a bot token. */
async function runSlackChecks({ environment, config, log }: AppOptions) {
  const { slackBotToken: botToken } = environment.secrets;
  if (botToken === null) return null;
  const { checkSlack } = await import('./slack/doctor.ts');
  return checkSlack({
    botToken,
    transport: transportOf(environment),
    policy: config.policy,
    mentioned: [
      ...config.onCall.flatMap(({ mention }) => mention),
      ...config.projects.flatMap(({ definition }) => definition.onCall),
    ],
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    channels: [
      ...config.projects.flatMap(({ definition }) => definition.channel ?? []),
      ...config.digests.map(({ channel }) => channel),
    ],
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
