import { type CliApp, exitCodes, type OpenOptions, RoleFault } from './cli/context.ts';
import { slackFaults } from './config/environment.ts';
import { environmentFaultLine } from './config/fault.ts';
import { openCore } from './core.ts';
import { checkSlack } from './slack/check.ts';
import { SlackRefused } from './slack/refused.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions } from './slack/slack-app.ts';

/** What tests and the demo replace: the bot's part in Slack, or a wrapper around it. */
export interface AppOverrides {
  readonly createSlack?: (options: SlackAppOptions) => Pick<SlackApp, 'start' | 'stop' | 'teller'>;
}

/** The composition root: introduces the core, Slack and the command line. Nothing outlives the app. */
export async function openApp(
  options: OpenOptions,
  { createSlack = createSlackApp }: AppOverrides = {},
): Promise<CliApp> {
  const { environment, config, log } = options;
  const core = openCore(
    { redis: environment.secrets.redis, connections: config.connections, settings: config.settings },
    log,
  );
  return {
    deps: core.deps,
    checkSlack: async () => slackItems(options),
    async runRoles(role, signal) {
      if (environment.adminPort !== null) log.warn({}, 'ADMIN_PORT is not built yet, nothing listens there');
      const lost = new AbortController();
      const onLost = (fault: SlackRefused) => lost.abort(roleFault(fault));
      const slack = role === 'worker' ? null : createSlack({ ...slackOptions(options), deps: core.deps, onLost });
      try {
        if (slack !== null) core.startTelling(slack.teller);
        if (role !== 'bot') await core.startWorker();
        await slack?.start().catch((error: unknown) => {
          throw roleFault(error);
        });
        log.info({ role }, 'running');
        await aborted(AbortSignal.any([signal, lost.signal]));
        lost.signal.throwIfAborted();
      } finally {
        await Promise.all([slack?.stop(), core.stopWork()]);
      }
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

/** Throws RoleFault when a token is missing. */
function slackOptions({ environment, config, log }: OpenOptions): Omit<SlackAppOptions, 'deps' | 'onLost'> {
  const faults = slackFaults(environment);
  if (faults.length > 0) throw new RoleFault(exitCodes.usage, faults.map(environmentFaultLine).join('\n'));
  const { slackBotToken: bot, slackAppToken: app } = environment.secrets;
  if (bot === null || app === null) {
    throw new RoleFault(exitCodes.usage, 'HTTP mode is not built yet: set SLACK_APP_TOKEN and use Socket Mode.');
  }
  return {
    tokens: { bot, app },
    command: environment.command,
    policy: config.policy,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    showErrors: config.settings.showErrors,
  };
}

/** What doctor says of Slack; null without a bot token. */
async function slackItems({ environment, config, log }: OpenOptions) {
  const { slackBotToken: bot, slackAppToken: app } = environment.secrets;
  if (bot === null) return null;
  return checkSlack({
    tokens: { bot, app },
    policy: config.policy,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    channels: config.projects.flatMap(({ definition }) => definition.channel ?? []),
  });
}

/** What Slack refuses comes with one sentence for people; everything else stays the fault it is. */
function roleFault(error: unknown): unknown {
  if (!(error instanceof SlackRefused)) return error;
  const exitCode = error.code === 'unreachable' ? exitCodes.notDone : exitCodes.usage;
  return new RoleFault(exitCode, error.message, { cause: error });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
