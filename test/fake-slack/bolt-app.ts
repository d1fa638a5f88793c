import { App, type Logger, LogLevel, SocketModeReceiver } from '@slack/bolt';
import type { FakeSlack } from './fake-slack.ts';

export interface BoltOptions {
  /** Before a reconnect Bolt waits this long; it also sends its pings by it. */
  readonly clientPingTimeout?: number;
  readonly retries?: number;
  readonly timeout?: number;
}

const silent: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  setLevel() {},
  getLevel: () => LogLevel.ERROR,
  setName() {},
};

export interface BoltApp extends AsyncDisposable {
  readonly app: App;
  readonly receiver: SocketModeReceiver;
}

/** A real Bolt app in Socket Mode. */
export async function startBolt(
  slack: FakeSlack,
  register: (app: App) => void,
  options: BoltOptions = {},
): Promise<BoltApp> {
  const slackApiUrl = slack.apiUrl;
  const receiver = new SocketModeReceiver({
    appToken: slack.appToken,
    logger: silent,
    ...(options.clientPingTimeout === undefined ? {} : { clientPingTimeout: options.clientPingTimeout }),
    installerOptions: { clientOptions: { slackApiUrl, retryConfig: { retries: 0 } } },
  });
  const app = new App({
    token: slack.botToken,
    receiver,
    logger: silent,
    deferInitialization: true,
    convoStore: false,
    clientOptions: {
      slackApiUrl,
      timeout: options.timeout ?? 8_000,
      retryConfig: { retries: options.retries ?? 0, minTimeout: 1, maxTimeout: 1 },
      rejectRateLimitedCalls: true,
    },
  });
  register(app);
  await app.init();
  await app.start();
  // app.stop() resolves before the socket is closed, so the client is asked itself.
  return { app, receiver, [Symbol.asyncDispose]: () => receiver.client.disconnect() };
}
