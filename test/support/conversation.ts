import { pino } from 'pino';
import { expect } from 'vitest';
import type { Core } from '../../src/core.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Action } from '../../src/domain/project.ts';
import type { RejectionReason } from '../../src/slack/rejection.ts';
import { createSlackApp, type SlackApp, type Way } from '../../src/slack/slack-app.ts';
import { type RoundRobin, startRoundRobin } from './round-robin.ts';
import { buttonsOf, textOf } from './slack/eyes.ts';
import type { StrictSlackOptions } from './slack/options.ts';
import { StrictSlack } from './slack/strict-slack.ts';
import type { MessageView } from './slack/types.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

/** What people do in Slack: alice in #sync, unless told. */
export interface People {
  /** Types a command and returns the answer that only this person sees. */
  ask(text: string, who?: Person): Promise<MessageView>;
  /** Presses a button; returns at once. */
  press(label: string, message: MessageView, who?: string): ReturnType<StrictSlack['press']>;
  /** Waits for an answer to `who` or a channel message that says this; the newest one. */
  sees(what: string | RegExp, who?: Person): Promise<MessageView>;
  /** Asks for an action and presses OK. */
  act(action: Action, project: string, who?: Person): Promise<MessageView>;
}

/** People talking to real bots over the strict Slack; real Redis, BullMQ and Bolt behind them. */
export interface Conversation extends People, AsyncDisposable {
  readonly world: World;
  readonly slack: StrictSlack;
  readonly bot: Bot;
  /** What the bots have logged, oldest first. */
  readonly logged: readonly LogLine[];
  /** Why requests were refused, oldest first. */
  readonly rejected: readonly RejectionReason[];
  /** The one address of all bots; nothing goes through it in Socket Mode. */
  readonly address: RoundRobin;
  /** One more bot process on the same Redis and Slack. */
  anotherBot(): Promise<Bot>;
}

export interface Person {
  readonly user?: string;
  readonly channel?: string;
}

/** Level 40 is a warning, 50 an error. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Bot extends AsyncDisposable {
  readonly app: Core;
  readonly slack: SlackApp;
  /** Where it listens in HTTP mode; 0 in Socket Mode. */
  readonly port: number;
}

export interface ConversationOptions extends WorldOptions {
  readonly policy?: Policy;
  readonly slack?: StrictSlackOptions;
  readonly showErrors?: boolean;
  /** How Slack reaches the bots: over sockets unless told. */
  readonly way?: Way['kind'];
}

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
export const operators: Policy = { operators: ['U0ALICE', 'U0BOB'], channels: [] };

export async function openConversation(options: ConversationOptions = {}): Promise<Conversation> {
  const slack = await StrictSlack.start(options.slack);
  const logged: LogLine[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line) as LogLine) });
  const world = await openWorld({ ...options, log });
  const bots: Bot[] = [];
  const rejected: RejectionReason[] = [];
  const address = await startRoundRobin();
  const way: Way =
    options.way === 'http'
      ? { kind: 'http', signingSecret: slack.signingSecret, port: 0 }
      : { kind: 'socket', appToken: slack.appToken };
  if (way.kind === 'http') slack.requestUrl.url = address.url;
  const startBot = async (app: Core): Promise<Bot> => {
    const bot = createSlackApp({
      botToken: slack.botToken,
      way,
      apiUrl: slack.apiUrl,
      command: '/sync',
      policy: options.policy ?? operators,
      showErrors: options.showErrors ?? false,
      deps: app.deps,
      log,
      onLost: (fault) => expect.unreachable(fault.message),
      onRejected: (reason) => void rejected.push(reason),
    });
    await bot.start();
    const port = Number(logged.findLast(({ msg }) => msg === 'listening for Slack')?.['port'] ?? 0);
    if (port > 0) address.add(port);
    app.startTelling(bot.teller);
    let stopped = false;
    const stop = async () => {
      if (!stopped) await bot.stop();
      stopped = true;
    };
    const started = { app, slack: bot, port, [Symbol.asyncDispose]: stop };
    bots.push(started);
    return started;
  };
  const bot = await startBot(world.app);
  return {
    ...peopleOf(slack),
    world,
    slack,
    bot,
    logged,
    rejected,
    address,
    anotherBot: () => startBot(world.another()),
    async [Symbol.asyncDispose]() {
      for (const one of bots) await one[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
      await address[Symbol.asyncDispose]();
      await slack[Symbol.asyncDispose]();
    },
  };
}

export function peopleOf(slack: StrictSlack): People {
  const seenBy = ({ user = alice.user, channel = alice.channel }: Person) =>
    slack.messagesSeenBy(user, channel).filter(({ deleted }) => !deleted);
  const people: People = {
    async ask(text, who = {}) {
      const { user } = { ...alice, ...who };
      const answers = () => seenBy(who).filter(({ ephemeralFor }) => ephemeralFor === user);
      const before = new Set(answers().map(({ ts }) => ts));
      const { acked } = slack.command({ ...alice, ...who, text });
      expect((await acked).kind).toBe('acked');
      return slack.waitFor(() => answers().find(({ ts }) => !before.has(ts)), { what: `an answer to ${text}` });
    },
    press: (label, message, user = alice.user) => slack.press({ user, message, label }),
    sees: (what, who = {}) =>
      slack.waitFor(() => seenBy(who).findLast((message) => says(message, what)), { what: `a message with ${what}` }),
    async act(action, project, who = {}) {
      const dialog = await people.ask(`${action} ${project}`, who);
      expect(labelsOf(dialog)).toEqual(['OK', 'Cancel']);
      people.press('OK', dialog, who.user);
      return dialog;
    },
  };
  return people;
}

function says(message: MessageView, what: string | RegExp): boolean {
  const text = said(message);
  return typeof what === 'string' ? text.includes(what) : what.test(text);
}

/** All that a message says, without the marks of bold. */
export function said(message: MessageView): string {
  return `${message.text}\n${textOf(message)}`.replaceAll('*', '');
}

export function labelsOf(message: MessageView): string[] {
  return buttonsOf(message).map(({ label }) => label);
}
