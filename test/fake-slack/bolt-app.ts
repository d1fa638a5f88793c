import { App, type Logger, LogLevel, SocketModeReceiver } from '@slack/bolt';
import type { FakeSlack } from './fake-slack.ts';

export interface BoltOptions {
  /** Ms. Bolt waits so long before a reconnect and derives the interval of its pings from it. */
  readonly clientPingTimeout?: number;
  readonly retries?: number;
  readonly timeout?: number;
}

const silentLogger: Logger = {
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

/** Starts a Bolt app with Bolt's own Socket Mode receiver. */
export async function startBolt(
  slack: FakeSlack,
  register: (app: App) => void,
  options: BoltOptions = {},
): Promise<BoltApp> {
  const slackApiUrl = slack.apiUrl;
  const receiver = new SocketModeReceiver({
    appToken: slack.appToken,
    logger: silentLogger,
    ...(options.clientPingTimeout === undefined ? {} : { clientPingTimeout: options.clientPingTimeout }),
    installerOptions: { clientOptions: { slackApiUrl, retryConfig: { retries: 0 } } },
  });
  const app = new App({
    token: slack.botToken,
    receiver,
    logger: silentLogger,
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
  // `app.stop()` resolves before the socket is closed (Bolt 5.1.0), so the client is disconnected directly.
  return { app, receiver, [Symbol.asyncDispose]: () => receiver.client.disconnect() };
}
