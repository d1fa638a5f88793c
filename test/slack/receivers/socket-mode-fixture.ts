import { App } from '@slack/bolt';
import type { SlackReceiver } from '../../../src/slack/receivers/receiver.ts';
import { createSocketModeReceiver } from '../../../src/slack/receivers/socket-mode.ts';
import { defaultSocketTiming, type SocketTiming } from '../../../src/slack/receivers/socket-timing.ts';
import type { SlackConnectionError } from '../../../src/slack/slack-errors.ts';
import { createWebClientOptions } from '../../../src/slack/web-client.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import type { FakeSlackOptions } from '../../fake-slack/options.ts';
import type { LogLine } from '../fake-deps.ts';

/** A door to the strict Slack, with a real Bolt app behind it that acks every command and press. */
export interface SocketModeFixture extends AsyncDisposable {
  readonly slack: FakeSlack;
  readonly receiver: SlackReceiver;
  /** The trigger ids that came through the door, in order, each delivery once. */
  readonly receivedTriggerIds: readonly string[];
  readonly connectionErrors: readonly SlackConnectionError[];
  /** The sentences of the log so far. */
  logMessages(): string[];
  /** What a listener waits for before it acks. */
  beforeAck: () => Promise<void>;
}

export interface SocketModeFixtureOptions {
  /** The Slack of another bench, which then closes it; else one of its own. */
  readonly sharedSlack?: FakeSlack;
  readonly slack?: FakeSlackOptions;
  readonly timing?: Partial<SocketTiming>;
  /** How calls of Slack are made. */
  readonly fetch?: typeof fetch;
}

/** Longer than any test: Slack closes no socket whose end it has announced, and no call ends by itself, so the door has to. */
export const neverMs = 3_600_000;

export const listCommand = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

/** Sockets that live for moments only are tried again at once. */
export const fastReconnectTiming = { stableAfterMs: 0, initialBackoffMs: 5, maxBackoffMs: 20 };

export async function createSocketModeFixture(options: SocketModeFixtureOptions = {}): Promise<SocketModeFixture> {
  const slack = options.sharedSlack ?? (await FakeSlack.start({ closeDelayMs: neverMs, ...options.slack }));
  const receivedTriggerIds: string[] = [];
  const connectionErrors: SlackConnectionError[] = [];
  const logLines: LogLine[] = [];
  const logAt = (level: LogLine['level']) => (fields: object, message: string) => {
    logLines.push({ level, fields, message });
  };
  const log = { info: logAt('info'), warn: logAt('warn'), error: logAt('error') };
  const receiver = createSocketModeReceiver({
    appToken: slack.appToken,
    webClientOptions: {
      ...createWebClientOptions({ apiUrl: slack.apiUrl, log }, 0),
      timeout: neverMs,
      ...(options.fetch ? { fetch: options.fetch } : {}),
    },
    log,
    onAuthError: (error) => connectionErrors.push(error),
    timing: { ...defaultSocketTiming, ...options.timing },
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
    receivedTriggerIds,
    connectionErrors,
    logMessages: () => logLines.map(({ message: sentence }) => sentence),
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

/** Holds back every ack, until what it returns is called. */
export function holdAcks(fixture: SocketModeFixture): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  fixture.beforeAck = () => released;
  return release;
}

/** Time passes: so many cuts and new sockets. */
export async function reconnect({ slack, receiver }: SocketModeFixture, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    const openedBefore = slack.callsTo('apps.connections.open').length;
    slack.terminateSocket();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length > openedBefore && receiver.isConnected);
  }
}
