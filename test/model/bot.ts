import { webApi } from '@slack/bolt';
import type { UseCaseContext } from '../../src/application/context.ts';
import { RetryLaterError } from '../../src/application/errors.ts';
import type { Notifier } from '../../src/application/ports.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import { needsNotification } from '../../src/domain/alert.ts';
import { alertKinds } from '../../src/domain/conditions.ts';
import { createLogger } from '../../src/logging/logger.ts';
import { Services, type ServicesConfig } from '../../src/services.ts';
import { createAuthorizer } from '../../src/slack/authorizer.ts';
import type { ListenerContext } from '../../src/slack/listeners/listener.ts';
import { slackFormatter } from '../../src/slack/views/mrkdwn.ts';
import { type FaultyRedisProxy, startFaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import { endpointOf } from '../support/test-services.ts';

/** The workspace and the channel of the users. */
export const slackTeam = 'T0SYNC';
export const slackChannel = 'C0SYNC';

/** A bot: its use cases, and its listeners for requests of Slack. */
export interface ModelBot {
  readonly context: UseCaseContext;
  readonly listenerContext: ListenerContext;
  /** Ends all connections, as if the process was killed. */
  kill(): void;
}

export interface BotOptions {
  readonly config: ServicesConfig;
  readonly lockDurationMs: number;
  /** Receives each line of the log, and each answer to a person. */
  readonly onText: (text: string) => void;
  readonly cleanup: (() => unknown)[];
}

/**
 * Starts a bot behind proxies of its own. When they go down for ever, Redis sees what it sees of a killed process: the
 * connections end, and nothing more arrives.
 */
export async function startBot({ config, lockDurationMs, onText, cleanup }: BotOptions): Promise<ModelBot> {
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
  services.startNotifier(createFakeNotifier(services.context));
  services.followConfiguration('bot');
  cleanup.push(() => services[Symbol.asyncDispose]());
  return {
    context: services.context,
    listenerContext: createListenerContext(services, onText),
    kill() {
      for (const proxy of proxies) proxy.goDown();
      void services.stopWorkers();
    },
  };
}

function createListenerContext({ context, configuration }: Services, onText: (text: string) => void): ListenerContext {
  // Never called: the policy names people and a channel, and answers go to a response_url.
  const client = new webApi.WebClient('xoxb-model', { slackApiUrl: 'http://127.0.0.1:9/' });
  const authorizer = createAuthorizer({
    client,
    readPolicy: () => configuration.readPolicy(),
    installedTeam: () => slackTeam,
    monotonicNow: () => context.clock.monotonicNow(),
    log: context.log,
  });
  return {
    ...context,
    client,
    authorizer,
    format: slackFormatter('/sync'),
    showErrors: false,
    async responseUrlFetch(_url, init) {
      onText(String(init?.body));
      return new Response('ok');
    },
  };
}

/** Posts nothing, and marks everything as notified. Sometimes it is rate limited, as Slack's notifier. */
function createFakeNotifier({ operations, projects, alerts, alertGroups }: UseCaseContext): Notifier {
  let calls = 0;
  return {
    async notifyOperation(ref) {
      calls += 1;
      if (calls % 17 === 0) throw new RetryLaterError(50);
      const operation = await operations.read(ref);
      if (operation !== null) await operations.markNotified(ref, { seq: operation.seq, message: null, dialogUses: 0 });
    },
    notifyBatch: async () => {},
    async notifyObservation() {},
    async notifyHome() {},
    async notifyHomes() {},
    async notifyDigest() {},
    async notifyAlerts(channel) {
      for (const project of await projects.readMany(await alertGroups.takeChanged(channel))) {
        for (const kind of alertKinds) {
          const record = project.alerts[kind];
          if (record === undefined || !needsNotification(record)) continue;
          const { seq, since } = record.alert;
          await alerts.markNotified(project.id, kind, { seq, since, message: null, resolved: false });
        }
      }
    },
  };
}
