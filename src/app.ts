import { createMetricsIfEnabled, startAdminServer } from './admin-wiring.ts';
import { StoreUnavailableError } from './application/errors.ts';
import { type AppOptions, type CliApp, exitCodes, StartError } from './cli/context.ts';
import { type Environment, validateSlackEnvironment } from './config/environment.ts';
import { formatEnvironmentError } from './config/errors.ts';
import { withTimeout } from './lib/async.ts';
import { retryUntilAvailable } from './lib/retry.ts';
import { createServices } from './services.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions, type Transport } from './slack/app.ts';
import { checkSlack } from './slack/doctor.ts';
import { SlackConnectionError } from './slack/slack-errors.ts';

/** What tests and the demo replace: the bot's part in Slack, or a wrapper around it. */
export interface AppOverrides {
  readonly createSlack?: (options: SlackAppOptions) => Pick<SlackApp, 'start' | 'stop' | 'notifier' | 'isConnected'>;
}

/** The composition root: introduces the core, Slack and the command line. Nothing outlives the app. */
export async function createApp(
  given: AppOptions,
  { createSlack = createSlackApp }: AppOverrides = {},
): Promise<CliApp> {
  const { environment, config } = given;
  const metrics = await createMetricsIfEnabled(given);
  const options = { ...given, log: metrics?.instrumentLog(given.log) ?? given.log };
  const { log } = options;
  const services = createServices(
    { redis: environment.secrets.redis, connections: config.connections, settings: config.settings },
    log,
    metrics === null ? {} : { instrumentation: metrics },
  );
  return {
    useCaseContext: services.deps,
    checkSlack: async () => runSlackChecks(options),
    async runRole(role, signal, begin = async () => {}) {
      const stopped = new AbortController();
      const stopSignal = AbortSignal.any([signal, stopped.signal]);
      const onLost = (fault: SlackConnectionError) => stopped.abort(toStartError(fault));
      const slack =
        role === 'worker'
          ? null
          : createSlack({ ...slackOptions(options), ...metrics?.slack, deps: services.deps, onAuthError: onLost });
      await using _admin = await startAdminServer(options, {
        meter: metrics,
        role,
        core: services,
        slack,
        stopping: stopSignal,
      });
      const retryOptions = { log, clock: services.deps.clock, signal: stopSignal };
      let resolveFirstAttempt = () => {};
      const firstAttempt = new Promise<void>((resolve) => {
        resolveFirstAttempt = resolve;
      });
      const startBot = async () => {
        if (slack === null) return;
        await firstAttempt;
        await retryUntilAvailable(() => slack.start(), {
          message: 'waiting for Slack',
          isRetryable: isSlackUnavailable,
          ...retryOptions,
        });
        if (!stopSignal.aborted) services.startNotifier(slack.notifier);
      };
      const startWork = async () => {
        await retryUntilAvailable(() => begin().finally(resolveFirstAttempt), {
          message: 'waiting for Redis',
          isRetryable: isRedisUnavailable,
          ...retryOptions,
        });
        if (!stopSignal.aborted && role !== 'bot') await services.startWorkers();
      };
      // Work is done while Slack is away, and people are answered while Redis is.
      const parts = [startBot(), startWork()];
      try {
        await Promise.race([Promise.all(parts), whenAborted(stopSignal)]);
        if (!stopSignal.aborted) log.info({}, 'running');
        await whenAborted(stopSignal);
        stopped.signal.throwIfAborted();
      } catch (error) {
        throw toStartError(error);
      } finally {
        stopped.abort();
        await Promise.all([
          slack?.stop(),
          services.stopWorkers(),
          withTimeout(Promise.allSettled(parts), startStopTimeoutMs),
        ]);
      }
    },
    [Symbol.asyncDispose]: () => services[Symbol.asyncDispose](),
  };
}

/** A beginning that was cut off in the middle may finish what it writes. */
const startStopTimeoutMs = 3_000;

/** Throws RoleFault when what either way needs is missing. */
function slackOptions({ environment, config, log }: AppOptions): Omit<SlackAppOptions, 'deps' | 'onAuthError'> {
  const errors = validateSlackEnvironment(environment);
  const { slackBotToken: botToken } = environment.secrets;
  const transport = transportOf(environment);
  if (errors.length > 0 || botToken === null || transport === null) {
    throw new StartError(exitCodes.usageError, errors.map(formatEnvironmentError).join('\n'));
  }
  return {
    botToken,
    transport: transport,
    command: environment.command,
    policy: config.policy,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    showErrors: config.settings.showErrors,
  };
}

/** Socket Mode wins when both are set; null: neither is. */
function transportOf({ secrets, port }: Environment): Transport | null {
  const { slackAppToken: appToken, slackSigningSecret: signingSecret } = secrets;
  if (appToken !== null) return { kind: 'socket', appToken };
  return signingSecret === null ? null : { kind: 'http', signingSecret, port };
}

/** What doctor says of Slack; null without a bot token. */
async function runSlackChecks({ environment, config, log }: AppOptions) {
  const { slackBotToken: botToken } = environment.secrets;
  if (botToken === null) return null;
  return checkSlack({
    botToken,
    transport: transportOf(environment),
    policy: config.policy,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    channels: config.projects.flatMap(({ definition }) => definition.channel ?? []),
  });
}

/** What Slack refuses comes with one sentence for people; everything else stays the fault it is. */
function toStartError(error: unknown): unknown {
  if (!(error instanceof SlackConnectionError)) return error;
  return new StartError(exitCodes.usageError, error.message, { cause: error });
}

function isSlackUnavailable(error: unknown): boolean {
  return error instanceof SlackConnectionError && error.code === 'unreachable';
}

function isRedisUnavailable(error: unknown): boolean {
  return error instanceof StoreUnavailableError;
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
