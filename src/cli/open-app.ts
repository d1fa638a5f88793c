import { openApp } from '../app.ts';
import { convergeStanding } from '../application/converge.ts';
import type { Deps } from '../application/deps.ts';
import type { Teller } from '../application/ports.ts';
import { parseRedisUrl, type RedisTarget } from '../config/redis-url.ts';
import type { Policy } from '../domain/policy.ts';
import { type CliApp, type OpenOptions, RoleFault } from './context.ts';

const pauseForMs = 10_000;

/** The bot's part in Slack, as src/slack/slack-app.ts makes it; main.ts introduces the two. */
export interface SlackPart {
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly teller: Teller;
}

export interface SlackPartOptions {
  readonly tokens: { readonly bot: string; readonly app: string };
  readonly apiUrl?: string;
  readonly command: string;
  readonly policy: Policy;
  readonly showErrors: boolean;
  readonly deps: Deps;
  readonly log: OpenOptions['log'];
  readonly onLost: (fault: Error) => void;
}

export type CreateSlack = (options: SlackPartOptions) => SlackPart;

/** The composition root as the command line sees it. */
export async function openCliApp({ environment, config, log }: OpenOptions, createSlack: CreateSlack): Promise<CliApp> {
  const { secrets } = environment;
  const app = openApp(
    { redis: secrets.redis, connections: targetsOf(config.connections), settings: config.settings },
    log,
  );
  return {
    deps: app.deps,
    redisFacts: () => app.redisFacts(),
    async pauseLinks(id) {
      await convergeStanding(app.deps, id, pauseForMs);
    },
    checkSlack: async () => null,
    async runRoles(role, signal) {
      const lost = new AbortController();
      const slack = role === 'worker' ? null : openSlack((fault) => lost.abort(roleFault(fault)));
      try {
        if (slack !== null) app.startTelling(slack.teller);
        if (role !== 'bot') await app.startWorker();
        await slack?.start().catch((error: unknown) => {
          throw roleFault(error);
        });
        log.info({ role }, 'running');
        await aborted(AbortSignal.any([signal, lost.signal]));
        lost.signal.throwIfAborted();
      } finally {
        await slack?.stop();
      }
    },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };

  function openSlack(onLost: (fault: Error) => void): SlackPart {
    const { slackBotToken: bot, slackAppToken } = secrets;
    if (bot === null || slackAppToken === null)
      throw new RoleFault('The bot needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN.');
    const { command, slackApiUrl } = environment;
    return createSlack({
      tokens: { bot, app: slackAppToken },
      ...(slackApiUrl === null ? {} : { apiUrl: slackApiUrl }),
      command,
      policy: config.policy,
      showErrors: config.settings.showErrors,
      deps: app.deps,
      log,
      onLost,
    });
  }
}

/** What Slack refuses comes with one sentence for people; everything else stays the fault it is. */
function roleFault(error: unknown): unknown {
  return error instanceof Error && error.name === 'SlackRefused'
    ? new RoleFault(error.message, { cause: error })
    : error;
}

function targetsOf(connections: Readonly<Record<string, string>>): Record<string, RedisTarget> {
  return Object.fromEntries(
    Object.entries(connections).map(([name, url]) => {
      const read = parseRedisUrl(url);
      if (read.kind === 'refused') throw new Error(`connection ${name} ${read.message}`);
      return [name, read.target];
    }),
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
