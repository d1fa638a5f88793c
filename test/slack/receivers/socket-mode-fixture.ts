import { App } from '@slack/bolt';
import { createWebClientOptions } from '../../../src/slack/api-calls.ts';
import type { SlackReceiver } from '../../../src/slack/receivers/receiver.ts';
import { createSocketModeReceiver } from '../../../src/slack/receivers/socket-mode.ts';
import { defaultSocketTiming, type SocketTiming } from '../../../src/slack/receivers/socket-mode-connection.ts';
import type { SlackConnectionError } from '../../../src/slack/slack-connection-error.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import type { FakeSlackOptions } from '../../fake-slack/options.ts';
import type { LoggedCall } from '../fake-context.ts';

/** The receiver under test, connected to the fake Slack, with a real Bolt app behind it that acks every command and press. */
export interface SocketModeFixture extends AsyncDisposable {
  readonly slack: FakeSlack;
  readonly receiver: SlackReceiver;
  /** The receiver reads its timing at each new connection, so a test can change it. */
  readonly timing: { -readonly [Name in keyof SocketTiming]: number };
  /** The trigger id of every request that reached a listener, in order. */
  readonly receivedTriggerIds: readonly string[];
  readonly connectionErrors: readonly SlackConnectionError[];
  /** The messages logged so far. */
  logMessages(): string[];
  /** Awaited by every listener before its ack. */
  beforeAck: () => Promise<void>;
}

export interface SocketModeFixtureOptions {
  /** The fake Slack of another fixture, which disposes of it. Without it the fixture starts its own. */
  readonly sharedSlack?: FakeSlack;
  readonly slack?: FakeSlackOptions;
  readonly timing?: Partial<SocketTiming>;
  /** Replaces `fetch` for calls to Slack. */
  readonly fetch?: typeof fetch;
}

/** Longer than any test. By default Slack never closes a socket that it announced to close, and no call times out. */
export const neverMs = 3_600_000;

export const listCommand = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

/** The receiver reconnects at once, also after a socket that was open only for a moment. */
export const fastReconnectTiming = { stableAfterMs: 0, initialBackoffMs: 5, maxBackoffMs: 20 };

export async function createSocketModeFixture(options: SocketModeFixtureOptions = {}): Promise<SocketModeFixture> {
  const slack = options.sharedSlack ?? (await FakeSlack.start({ closeDelayMs: neverMs, ...options.slack }));
  const receivedTriggerIds: string[] = [];
  const connectionErrors: SlackConnectionError[] = [];
  const logLines: LoggedCall[] = [];
  const logAt = (level: LoggedCall['level']) => (fields: object, message: string) => {
    logLines.push({ level, fields, message });
  };
  const log = { info: logAt('info'), warn: logAt('warn'), error: logAt('error') };
  const timing = { ...defaultSocketTiming, ...options.timing };
  const receiver = createSocketModeReceiver({
    appToken: slack.appToken,
    webClientOptions: {
      ...createWebClientOptions({ apiUrl: slack.apiUrl, log }, 0),
      timeout: neverMs,
      ...(options.fetch ? { fetch: options.fetch } : {}),
    },
    log,
    onAuthError: (error) => connectionErrors.push(error),
    timing,
  });
  const app = new App({
    token: slack.botToken,
    receiver: receiver.boltReceiver,
    deferInitialization: true,
    tokenVerificationEnabled: false,
    convoStore: false,
    botId: 'B0SYNC',
    botUserId: slack.botUserId,
  });
  const fixture: SocketModeFixture = {
    slack,
    receiver,
    timing,
    receivedTriggerIds,
    connectionErrors,
    logMessages: () => logLines.map(({ message }) => message),
    beforeAck: async () => {},
    async [Symbol.asyncDispose]() {
      await receiver.stop();
      if (options.sharedSlack === undefined) await slack[Symbol.asyncDispose]();
    },
  };
  const handle = async ({ ack, body }: { ack: () => Promise<void>; body: { trigger_id?: string } }) => {
    receivedTriggerIds.push(String(body.trigger_id));
    await fixture.beforeAck();
    await ack().catch(() => {});
  };
  app.command(/.*/, handle);
  app.action(/.*/, handle as Parameters<typeof app.action>[1]);
  app.error(async () => {});
  await app.init();
  return fixture;
}

export async function startSocketModeFixture(options: SocketModeFixtureOptions = {}): Promise<SocketModeFixture> {
  const fixture = await createSocketModeFixture(options);
  await fixture.receiver.start();
  return fixture;
}

/** Delays every ack until the returned function is called. */
export function holdAcks(fixture: SocketModeFixture): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  fixture.beforeAck = () => released;
  return release;
}

/** Breaks the socket and waits for a new one, `times` times: gives other fixtures time without a fixed delay. */
export async function reconnect({ slack, receiver }: SocketModeFixture, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    const openedBefore = slack.callsTo('apps.connections.open').length;
    slack.terminateSocket();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length > openedBefore && receiver.isReady);
  }
}
