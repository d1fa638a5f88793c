import { App } from '@slack/bolt';
import type { Door } from '../../src/slack/door.ts';
import type { SlackRefused } from '../../src/slack/refused.ts';
import { createSocketDoor } from '../../src/slack/socket-door.ts';
import { type SocketTiming, slackTiming } from '../../src/slack/socket-timing.ts';
import { clientOptions } from '../../src/slack/web-client.ts';
import type { StrictSlackOptions } from '../support/slack/options.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import type { LogLine } from './fake-deps.ts';

/** A door to the strict Slack, with a real Bolt app behind it that acks every command and press. */
export interface SocketBench extends AsyncDisposable {
  readonly slack: StrictSlack;
  readonly door: Door;
  /** The trigger ids that came through the door, in order, each delivery once. */
  readonly heard: readonly string[];
  readonly lost: readonly SlackRefused[];
  /** The sentences of the log so far. */
  said(): string[];
  /** What a listener waits for before it acks. */
  beforeAck: () => Promise<void>;
}

export interface SocketBenchOptions {
  /** The Slack of another bench, which then closes it; else one of its own. */
  readonly at?: StrictSlack;
  readonly slack?: StrictSlackOptions;
  readonly timing?: Partial<SocketTiming>;
  /** How calls of Slack are made. */
  readonly fetch?: typeof fetch;
}

/** Longer than any test: Slack closes no socket whose end it has announced, and no call ends by itself, so the door has to. */
export const neverMs = 3_600_000;

export const list = { user: 'U0ALICE', channel: 'C0SYNC', text: 'list' };

/** Sockets that live for moments only are tried again at once. */
export const hasty = { steadyAfterMs: 0, firstWaitMs: 5, longestWaitMs: 20 };

export async function openSocketBench(options: SocketBenchOptions = {}): Promise<SocketBench> {
  const slack = options.at ?? (await StrictSlack.start({ closeAfterMs: neverMs, ...options.slack }));
  const heard: string[] = [];
  const lost: SlackRefused[] = [];
  const logged: LogLine[] = [];
  const line = (level: LogLine['level']) => (fields: object, sentence: string) => {
    logged.push({ level, fields, sentence });
  };
  const log = { info: line('info'), warn: line('warn'), error: line('error') };
  const door = createSocketDoor({
    appToken: slack.appToken,
    calls: {
      ...clientOptions({ apiUrl: slack.apiUrl, log }, 0),
      timeout: neverMs,
      ...(options.fetch ? { fetch: options.fetch } : {}),
    },
    log,
    onLost: (fault) => lost.push(fault),
    timing: { ...slackTiming, ...options.timing },
  });
  const app = new App({
    token: slack.botToken,
    receiver: door.receiver,
    deferInitialization: true,
    tokenVerificationEnabled: false,
    convoStore: false,
    botId: 'B0SYNC',
    botUserId: slack.botUserId,
  });
  const bench: SocketBench = {
    slack,
    door,
    heard,
    lost,
    said: () => logged.map(({ sentence }) => sentence),
    beforeAck: async () => {},
    async [Symbol.asyncDispose]() {
      await door.close();
      if (options.at === undefined) await slack[Symbol.asyncDispose]();
    },
  };
  const hear = async ({ ack, body }: { ack: () => Promise<void>; body: { trigger_id?: string } }) => {
    heard.push(String(body.trigger_id));
    await bench.beforeAck();
    await ack().catch(() => {});
  };
  app.command(/.*/, hear);
  app.action(/.*/, hear as Parameters<typeof app.action>[1]);
  app.error(async () => {});
  await app.init();
  return bench;
}

export async function openedSocketBench(options: SocketBenchOptions = {}): Promise<SocketBench> {
  const bench = await openSocketBench(options);
  await bench.door.open();
  return bench;
}

/** Holds back every ack, until what it returns is called. */
export function holdAcks(bench: SocketBench): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  bench.beforeAck = () => released;
  return release;
}

/** Time passes: so many cuts and new sockets. */
export async function reconnects({ slack, door }: SocketBench, times: number): Promise<void> {
  for (let done = 0; done < times; done++) {
    const opened = slack.callsTo('apps.connections.open').length;
    slack.cut();
    await slack.waitFor(() => slack.callsTo('apps.connections.open').length > opened && door.isOpen);
  }
}
