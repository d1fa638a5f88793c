import { pino } from 'pino';
import { expect } from 'vitest';
import type { Policy } from '../../src/domain/authorization.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { OnCallRule } from '../../src/domain/on-call.ts';
import type { Services } from '../../src/services.ts';
import { createSlackApp, type SlackApp } from '../../src/slack/app.ts';
import type { RejectionReason, Transport } from '../../src/slack/receivers/receiver.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import type { FakeSlackOptions } from '../fake-slack/options.ts';
import { buttonsOf, renderedText } from '../fake-slack/rendered-message.ts';
import type { MessageView } from '../fake-slack/types.ts';
import { type LoadBalancer, startLoadBalancer } from './load-balancer.ts';
import { startTestServices, type TestServices, type TestServicesOptions } from './test-services.ts';

/** Actions of users in Slack. The default sender is alice in #sync. */
export interface UserActions {
  /** Sends a command and returns its ephemeral response. */
  runCommand(text: string, sender?: Sender): Promise<MessageView>;
  /** Presses a button, and does not wait for the result. */
  press(label: string, message: MessageView, user?: string): ReturnType<FakeSlack['press']>;
  /** Waits for a message visible to the sender whose text matches. Returns the newest one. */
  waitForMessage(text: string | RegExp, sender?: Sender): Promise<MessageView>;
  /** Requests an action and presses OK. Returns the dialog. */
  requestAndPressOk(action: Action, project: string, sender?: Sender): Promise<MessageView>;
}

/** Users and real bots on the fake Slack, with real Redis, BullMQ and Bolt. */
export interface SlackHarness extends UserActions, AsyncDisposable {
  readonly services: TestServices;
  readonly slack: FakeSlack;
  readonly bot: Bot;
  /** The log of all bots, oldest line first. */
  readonly logLines: readonly PinoLine[];
  /** The reasons of all rejected requests, oldest first. */
  readonly rejections: readonly RejectionReason[];
  /** The request URL of all bots. It is not used in Socket Mode. */
  readonly loadBalancer: LoadBalancer;
  /** Starts another bot on the same Redis and Slack. */
  addBot(): Promise<Bot>;
}

export interface Sender {
  readonly user?: string;
  readonly channel?: string;
}

/** A line of pino's log. The level 40 is a warning, 50 an error. The log of syncbot has the name of the level instead. */
export interface PinoLine<Level extends number | string = number> {
  readonly level: Level;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Bot extends AsyncDisposable {
  readonly services: Services;
  readonly slackApp: SlackApp;
  /** The port in HTTP mode, 0 in Socket Mode. */
  readonly port: number;
}

export interface SlackHarnessOptions extends TestServicesOptions {
  readonly policy?: Policy;
  readonly slack?: FakeSlackOptions;
  readonly showErrors?: boolean;
  readonly onCallRules?: readonly OnCallRule[];
  /** Default `socket`. */
  readonly transport?: Transport['kind'];
}

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
export const defaultPolicy: Policy = { operators: ['U0ALICE', 'U0BOB'], channels: [] };

export async function startSlackHarness(options: SlackHarnessOptions = {}): Promise<SlackHarness> {
  const slack = await FakeSlack.start(options.slack);
  const logLines: PinoLine[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logLines.push(JSON.parse(line) as PinoLine) });
  const services = await startTestServices({ ...options, log });
  const bots: Bot[] = [];
  const rejections: RejectionReason[] = [];
  const loadBalancer = await startLoadBalancer();
  const transport: Transport =
    options.transport === 'http'
      ? { kind: 'http', signingSecret: slack.signingSecret, port: 0, host: null }
      : { kind: 'socket', appToken: slack.appToken };
  if (transport.kind === 'http') slack.requestUrl.url = loadBalancer.url;
  const startBot = async (botServices: Services): Promise<Bot> => {
    const slackApp = createSlackApp({
      botToken: slack.botToken,
      transport,
      apiUrl: slack.apiUrl,
      command: '/sync',
      readPolicy: async () => options.policy ?? defaultPolicy,
      showErrors: () => options.showErrors ?? false,
      onCallRules: () => options.onCallRules ?? [],
      context: botServices.context,
      log,
      onAuthError: (error) => expect.unreachable(error.message),
      onRequestRejected: (reason) => void rejections.push(reason),
    });
    await slackApp.start();
    const port = Number(logLines.findLast(({ msg }) => msg === 'listening for Slack')?.['port'] ?? 0);
    if (port > 0) loadBalancer.addPort(port);
    await botServices.startNotifier(slackApp.notifier);
    let hasStopped = false;
    const stop = async () => {
      if (!hasStopped) await slackApp.stop();
      hasStopped = true;
    };
    const bot = { services: botServices, slackApp, port, [Symbol.asyncDispose]: stop };
    bots.push(bot);
    return bot;
  };
  const bot = await startBot(services.instance);
  return {
    ...userActions(slack),
    services,
    slack,
    bot,
    logLines,
    rejections,
    loadBalancer,
    addBot: () => startBot(services.addInstance()),
    async [Symbol.asyncDispose]() {
      for (const startedBot of bots) await startedBot[Symbol.asyncDispose]();
      await services[Symbol.asyncDispose]();
      await loadBalancer[Symbol.asyncDispose]();
      await slack[Symbol.asyncDispose]();
    },
  };
}

export function userActions(slack: FakeSlack): UserActions {
  const messagesVisibleTo = ({ user = alice.user, channel = alice.channel }: Sender) =>
    slack.messagesVisibleTo(user, channel).filter((message) => !message.deleted);
  const actions: UserActions = {
    async runCommand(text, sender = {}) {
      const { user } = { ...alice, ...sender };
      const ephemeralAnswers = () => messagesVisibleTo(sender).filter(({ ephemeralFor }) => ephemeralFor === user);
      const earlierTs = new Set(ephemeralAnswers().map(({ ts }) => ts));
      const { acked } = slack.command({ ...alice, ...sender, text });
      expect((await acked).kind).toBe('acked');
      return slack.waitFor(() => ephemeralAnswers().find(({ ts }) => !earlierTs.has(ts)), {
        description: `a response to ${text}`,
      });
    },
    press: (label, message, user = alice.user) => slack.press({ user, message, label }),
    waitForMessage: (text, sender = {}) =>
      slack.waitFor(() => messagesVisibleTo(sender).findLast((message) => matchesText(message, text)), {
        description: `a message with ${text}`,
      }),
    async requestAndPressOk(action, project, sender = {}) {
      const dialog = await actions.runCommand(`${action} ${project}`, sender);
      expect(buttonLabels(dialog).slice(0, 2)).toEqual(['OK', 'Cancel']);
      actions.press('OK', dialog, sender.user);
      return dialog;
    },
  };
  return actions;
}

function matchesText(message: MessageView, expected: string | RegExp): boolean {
  const text = visibleText(message);
  return typeof expected === 'string' ? text.includes(expected) : expected.test(text);
}

/** Returns the text and the blocks of a message, without the marks for bold. */
export function visibleText(message: MessageView): string {
  return `${message.text}\n${renderedText(message)}`.replaceAll('*', '');
}

export function buttonLabels(message: MessageView): string[] {
  return buttonsOf(message).map(({ label }) => label);
}

/** Closes the harness. Fails if the bot broke a rule of Slack. */
export async function closeWithoutViolations(harness: SlackHarness): Promise<void> {
  const { violations } = harness.slack;
  await harness[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
}

/** The messages in #sync that match, without the deleted ones. */
export function channelMessages({ slack }: SlackHarness, pattern: RegExp = /^/): MessageView[] {
  const messages = slack.messagesVisibleTo('U0CAROL', 'C0SYNC');
  return messages.filter((message) => !message.deleted && pattern.test(visibleText(message)));
}

/** The replies in the threads of #sync that match. */
export function threadReplies({ slack }: SlackHarness, pattern: RegExp = /^/): MessageView[] {
  return slack.threadReplies('C0SYNC').filter((message) => pattern.test(visibleText(message)));
}

/** Waits for a message in #sync that matches. */
export function waitForChannelMessage(harness: SlackHarness, pattern: RegExp): Promise<MessageView> {
  return harness.slack.waitFor(() => channelMessages(harness, pattern)[0], { description: String(pattern) });
}
