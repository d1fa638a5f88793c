import { pino } from 'pino';
import { expect } from 'vitest';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Services } from '../../src/services.ts';
import { createSlackApp, type SlackApp, type Transport } from '../../src/slack/app.ts';
import type { RejectionReason } from '../../src/slack/receivers/rejection.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import type { FakeSlackOptions } from '../fake-slack/options.ts';
import { buttonsOf, renderedText } from '../fake-slack/rendered-message.ts';
import type { MessageView } from '../fake-slack/types.ts';
import { type LoadBalancer, startLoadBalancer } from './load-balancer.ts';
import { startTestServices, type TestServices, type TestServicesOptions } from './test-services.ts';

/** What people do in Slack: alice in #sync, unless told. */
export interface UserActions {
  /** Types a command and returns the answer that only this person sees. */
  runCommand(text: string, sender?: Sender): Promise<MessageView>;
  /** Presses a button; returns at once. */
  press(label: string, message: MessageView, user?: string): ReturnType<FakeSlack['press']>;
  /** Waits for an answer to `who` or a channel message that says this; the newest one. */
  waitForMessage(text: string | RegExp, sender?: Sender): Promise<MessageView>;
  /** Asks for an action and presses OK. */
  requestAndConfirm(action: Action, project: string, sender?: Sender): Promise<MessageView>;
}

/** People talking to real bots over the strict Slack; real Redis, BullMQ and Bolt behind them. */
export interface SlackHarness extends UserActions, AsyncDisposable {
  readonly services: TestServices;
  readonly slack: FakeSlack;
  readonly bot: Bot;
  /** What the bots have logged, oldest first. */
  readonly logLines: readonly LogLine[];
  /** Why requests were refused, oldest first. */
  readonly rejections: readonly RejectionReason[];
  /** The one address of all bots; nothing goes through it in Socket Mode. */
  readonly loadBalancer: LoadBalancer;
  /** One more bot process on the same Redis and Slack. */
  addBot(): Promise<Bot>;
}

export interface Sender {
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
  readonly services: Services;
  readonly slackApp: SlackApp;
  /** Where it listens in HTTP mode; 0 in Socket Mode. */
  readonly port: number;
}

export interface SlackHarnessOptions extends TestServicesOptions {
  readonly policy?: Policy;
  readonly slack?: FakeSlackOptions;
  readonly showErrors?: boolean;
  /** How Slack reaches the bots: over sockets unless told. */
  readonly transport?: Transport['kind'];
}

const alice = { user: 'U0ALICE', channel: 'C0SYNC' };
export const defaultPolicy: Policy = { operators: ['U0ALICE', 'U0BOB'], channels: [] };

export async function startSlackHarness(options: SlackHarnessOptions = {}): Promise<SlackHarness> {
  const slack = await FakeSlack.start(options.slack);
  const logLines: LogLine[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logLines.push(JSON.parse(line) as LogLine) });
  const services = await startTestServices({ ...options, log });
  const bots: Bot[] = [];
  const rejections: RejectionReason[] = [];
  const loadBalancer = await startLoadBalancer();
  const transport: Transport =
    options.transport === 'http'
      ? { kind: 'http', signingSecret: slack.signingSecret, port: 0 }
      : { kind: 'socket', appToken: slack.appToken };
  if (transport.kind === 'http') slack.requestUrl.url = loadBalancer.url;
  const startBot = async (botServices: Services): Promise<Bot> => {
    const slackApp = createSlackApp({
      botToken: slack.botToken,
      transport,
      apiUrl: slack.apiUrl,
      command: '/sync',
      policy: options.policy ?? defaultPolicy,
      showErrors: options.showErrors ?? false,
      deps: botServices.deps,
      log,
      onAuthError: (error) => expect.unreachable(error.message),
      onRequestRejected: (reason) => void rejections.push(reason),
    });
    await slackApp.start();
    const port = Number(logLines.findLast(({ msg }) => msg === 'listening for Slack')?.['port'] ?? 0);
    if (port > 0) loadBalancer.addPort(port);
    botServices.startNotifier(slackApp.notifier);
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
    slack.messagesVisibleTo(user, channel).filter(({ deleted }) => !deleted);
  const actions: UserActions = {
    async runCommand(text, sender = {}) {
      const { user } = { ...alice, ...sender };
      const ephemeralAnswers = () => messagesVisibleTo(sender).filter(({ ephemeralFor }) => ephemeralFor === user);
      const earlierTs = new Set(ephemeralAnswers().map(({ ts }) => ts));
      const { acked } = slack.command({ ...alice, ...sender, text });
      expect((await acked).kind).toBe('acked');
      return slack.waitFor(() => ephemeralAnswers().find(({ ts }) => !earlierTs.has(ts)), {
        description: `an answer to ${text}`,
      });
    },
    press: (label, message, user = alice.user) => slack.press({ user, message, label }),
    waitForMessage: (text, sender = {}) =>
      slack.waitFor(() => messagesVisibleTo(sender).findLast((message) => matchesText(message, text)), {
        description: `a message with ${text}`,
      }),
    async requestAndConfirm(action, project, sender = {}) {
      const dialog = await actions.runCommand(`${action} ${project}`, sender);
      expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
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

/** All that a message says, without the marks of bold. */
export function visibleText(message: MessageView): string {
  return `${message.text}\n${renderedText(message)}`.replaceAll('*', '');
}

export function buttonLabels(message: MessageView): string[] {
  return buttonsOf(message).map(({ label }) => label);
}
