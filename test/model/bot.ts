import { webApi } from '@slack/bolt';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import { createLogger } from '../../src/logging/logger.ts';
import { Services, type ServicesConfig } from '../../src/services.ts';
import { createSlackApp, type SlackApp } from '../../src/slack/app.ts';
import { createAuthorizer } from '../../src/slack/authorizer.ts';
import type { ListenerContext } from '../../src/slack/listeners/listener.ts';
import { slackFormatter } from '../../src/slack/views/mrkdwn.ts';
import type { FakeSlack } from '../fake-slack/fake-slack.ts';
import { teamId } from '../fake-slack/workspace.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { endpointOf } from '../support/test-services.ts';
import type { NotifierRuns } from './notifier-runs.ts';

/** The channel of the users. */
export const slackChannel = 'C0SYNC';

/** A bot: its use cases, its notifier, and its listeners for requests of Slack. */
export interface ModelBot {
  readonly context: UseCaseContext;
  readonly listenerContext: ListenerContext;
  /** Ends all connections, as if the process was killed. */
  kill(): void;
}

export interface BotOptions {
  readonly config: ServicesConfig;
  readonly lockDurationMs: number;
  readonly slack: FakeSlack;
  readonly runs: NotifierRuns;
  /** Receives each line of the log. */
  readonly onText: (text: string) => void;
  readonly cleanup: (() => unknown)[];
}

/**
 * Starts a bot behind proxies of its own. When they go down for ever, Redis and Slack see what they see of a killed process: the
 * connections end, and nothing more arrives.
 */
export async function startBot(options: BotOptions): Promise<ModelBot> {
  const { config, lockDurationMs, slack, runs, onText, cleanup } = options;
  const proxies: FaultyRedisProxy[] = [];
  const proxied = async (endpoint: RedisEndpoint) => {
    if (endpoint.kind !== 'standalone') throw new Error('not a single server');
    const proxy = await startFaultyRedisProxy(Number(new URL(endpoint.url).port));
    proxies.push(proxy);
    cleanup.push(() => proxy[Symbol.asyncDispose]());
    return endpointOf(proxy.url);
  };
  const far = config.connections['far'];
  const connections = far === undefined ? {} : { far: await proxied(far) };
  const log = createLogger({ level: 'info', to: { write: onText } });
  const services = new Services({ ...config, redis: await proxied(config.redis), connections }, log, {
    lockDurationMs,
  });
  const slackProxy = await startSlackProxy(slack);
  cleanup.push(() => slackProxy.goDown());
  const slackApp = openSlackApp({ slack, services, apiUrl: slackProxy.apiUrl });
  await slackApp.start();
  const { notifier, end } = runs.watch(slackApp.notifier);
  await services.startNotifier(notifier);
  services.followConfiguration('bot');
  cleanup.push(() => services[Symbol.asyncDispose]());
  cleanup.push(() => slackApp.stop());
  return {
    context: services.context,
    listenerContext: createListenerContext({ services, botToken: slack.botToken, apiUrl: slackProxy.apiUrl }),
    kill() {
      end();
      for (const proxy of proxies) proxy.goDown();
      void slackProxy.goDown();
      void services.stopWorkers();
      void slackApp.stop();
    },
  };
}

interface SlackProxy {
  readonly apiUrl: string;
  goDown(): Promise<void>;
}

async function startSlackProxy(slack: FakeSlack): Promise<SlackProxy> {
  const url = new URL(slack.apiUrl);
  const proxy = await startTcpProxy(Number(url.port), ({ client, server }) => {
    client.pipe(server);
    server.pipe(client);
  });
  url.port = String(proxy.port);
  return { apiUrl: url.href, goDown: async () => proxy[Symbol.asyncDispose]() };
}

interface SlackParts {
  readonly services: Services;
  readonly apiUrl: string;
}

function openSlackApp({ slack, services, apiUrl }: SlackParts & { readonly slack: FakeSlack }): SlackApp {
  const { context, configuration } = services;
  return createSlackApp({
    botToken: slack.botToken,
    transport: { kind: 'socket', appToken: slack.appToken },
    apiUrl,
    command: '/sync',
    readPolicy: () => configuration.readPolicy(),
    showErrors: () => configuration.showErrors,
    onCallRules: () => configuration.onCall,
    context,
    log: context.log,
    onAuthError: (error) => context.log.error({ error }, 'Slack refused a token'),
  });
}

/** The context that `createSlackApp` gives its listeners. The model calls them without Bolt, to know their results. */
function createListenerContext({
  services: { context, configuration },
  botToken,
  apiUrl,
}: SlackParts & { readonly botToken: string }): ListenerContext {
  const client = new webApi.WebClient(botToken, { slackApiUrl: apiUrl, retryConfig: { retries: 0 } });
  const authorizer = createAuthorizer({
    client,
    readPolicy: () => configuration.readPolicy(),
    installedTeam: () => teamId,
    monotonicNow: () => context.clock.monotonicNow(),
    log: context.log,
  });
  const readTimeZone = async () => 'UTC';
  return { ...context, client, authorizer, readTimeZone, format: slackFormatter('/sync'), showErrors: false };
}
