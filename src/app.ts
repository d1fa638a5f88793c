import type { AppOptions, CliApp, LinksOptions, OpenedLinks, SlackSetup, SlackSetupOptions } from './cli/cli-app.ts';
import { createLinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkGateway } from './infra/bullmq/link-gateway.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { RoleParts } from './run-role.ts';
import { Services } from './services.ts';
import type { SlackAppOptions } from './slack/app.ts';
import { transportOf } from './slack-options.ts';
import type { Tracing } from './tracing/tracing.ts';

/** Parts that tests and the demo replace. */
export type AppOverrides = Partial<Pick<RoleParts, 'createSlack'>>;

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
    async runRole(role, signal, prepare = async () => {}) {
      const { runRole } = await import('./run-role.ts');
      await runRole(parts, { role, signal, prepare });
    },
    async [Symbol.asyncDispose]() {
      await services[Symbol.asyncDispose]();
      await tracing?.[Symbol.asyncDispose]();
    },
  };
}

/** Opens connections to queues only. Nothing is written. */
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
