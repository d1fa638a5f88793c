import { StoreUnavailable } from './application/faults.ts';
import { within } from './application/within.ts';
import { type CliApp, exitCodes, type OpenOptions, RoleFault } from './cli/context.ts';
import { type Environment, slackFaults } from './config/environment.ts';
import { environmentFaultLine } from './config/fault.ts';
import { openCore } from './core.ts';
import { checkSlack } from './slack/check.ts';
import { SlackRefused } from './slack/refused.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions, type Way } from './slack/slack-app.ts';
import { untilThere } from './until-there.ts';
import { meterOf, openWatch } from './watching.ts';

/** What tests and the demo replace: the bot's part in Slack, or a wrapper around it. */
export interface AppOverrides {
  readonly createSlack?: (options: SlackAppOptions) => Pick<SlackApp, 'start' | 'stop' | 'teller' | 'isConnected'>;
}

/** The composition root: introduces the core, Slack and the command line. Nothing outlives the app. */
export async function openApp(
  given: OpenOptions,
  { createSlack = createSlackApp }: AppOverrides = {},
): Promise<CliApp> {
  const { environment, config } = given;
  const meter = await meterOf(given);
  const options = { ...given, log: meter?.counted(given.log) ?? given.log };
  const { log } = options;
  const core = openCore(
    { redis: environment.secrets.redis, connections: config.connections, settings: config.settings },
    log,
    meter === null ? {} : { watch: meter },
  );
  return {
    deps: core.deps,
    checkSlack: async () => slackItems(options),
    async runRoles(role, signal, begin = async () => {}) {
      const over = new AbortController();
      const ending = AbortSignal.any([signal, over.signal]);
      const onLost = (fault: SlackRefused) => over.abort(roleFault(fault));
      const slack =
        role === 'worker' ? null : createSlack({ ...slackOptions(options), ...meter?.slack, deps: core.deps, onLost });
      await using _admin = await openWatch(options, { meter, role, core, slack, stopping: ending });
      const patience = { log, clock: core.deps.clock, signal: ending };
      let tried = () => {};
      const firstTry = new Promise<void>((resolve) => {
        tried = resolve;
      });
      const hear = async () => {
        if (slack === null) return;
        await firstTry;
        await untilThere(() => slack.start(), { sentence: 'waiting for Slack', isAway: isSlackAway, ...patience });
        if (!ending.aborted) core.startTelling(slack.teller);
      };
      const work = async () => {
        await untilThere(() => begin().finally(tried), {
          sentence: 'waiting for Redis',
          isAway: isRedisAway,
          ...patience,
        });
        if (!ending.aborted && role !== 'bot') await core.startWorker();
      };
      // Work is done while Slack is away, and people are answered while Redis is.
      const parts = [hear(), work()];
      try {
        await Promise.race([Promise.all(parts), aborted(ending)]);
        if (!ending.aborted) log.info({}, 'running');
        await aborted(ending);
        over.signal.throwIfAborted();
      } catch (error) {
        throw roleFault(error);
      } finally {
        over.abort();
        await Promise.all([slack?.stop(), core.stopWork(), within(Promise.allSettled(parts), partsEndWithinMs)]);
      }
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

/** A beginning that was cut off in the middle may finish what it writes. */
const partsEndWithinMs = 3_000;

/** Throws RoleFault when what either way needs is missing. */
function slackOptions({ environment, config, log }: OpenOptions): Omit<SlackAppOptions, 'deps' | 'onLost'> {
  const faults = slackFaults(environment);
  const { slackBotToken: botToken } = environment.secrets;
  const way = wayOf(environment);
  if (faults.length > 0 || botToken === null || way === null) {
    throw new RoleFault(exitCodes.usage, faults.map(environmentFaultLine).join('\n'));
  }
  return {
    botToken,
    way,
    command: environment.command,
    policy: config.policy,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    showErrors: config.settings.showErrors,
  };
}

/** Socket Mode wins when both are set; null: neither is. */
function wayOf({ secrets, port }: Environment): Way | null {
  const { slackAppToken: appToken, slackSigningSecret: signingSecret } = secrets;
  if (appToken !== null) return { kind: 'socket', appToken };
  return signingSecret === null ? null : { kind: 'http', signingSecret, port };
}

/** What doctor says of Slack; null without a bot token. */
async function slackItems({ environment, config, log }: OpenOptions) {
  const { slackBotToken: botToken } = environment.secrets;
  if (botToken === null) return null;
  return checkSlack({
    botToken,
    way: wayOf(environment),
    policy: config.policy,
    log,
    ...(environment.slackApiUrl === null ? {} : { apiUrl: environment.slackApiUrl }),
    channels: config.projects.flatMap(({ definition }) => definition.channel ?? []),
  });
}

/** What Slack refuses comes with one sentence for people; everything else stays the fault it is. */
function roleFault(error: unknown): unknown {
  if (!(error instanceof SlackRefused)) return error;
  return new RoleFault(exitCodes.usage, error.message, { cause: error });
}

function isSlackAway(error: unknown): boolean {
  return error instanceof SlackRefused && error.code === 'unreachable';
}

function isRedisAway(error: unknown): boolean {
  return error instanceof StoreUnavailable;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
