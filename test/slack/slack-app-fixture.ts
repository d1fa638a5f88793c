import { StoreUnavailableError } from '../../src/application/errors.ts';
import { createSlackApp, type SlackApp } from '../../src/slack/app.ts';
import type { RejectionReason, Transport } from '../../src/slack/receivers/receiver.ts';
import type { SlackConnectionError } from '../../src/slack/slack-connection-error.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { exampleProject } from '../support/example-records.ts';
import { createFakeContext, type FakeContext, type FakeStores } from './fake-context.ts';

export const alice = { user: 'U0ALICE', channel: 'C0SYNC' };

/** The Slack app with fake stores, connected to the strict fake of Slack. */
export interface SlackAppFixture extends AsyncDisposable {
  readonly slack: FakeSlack;
  readonly dependencies: FakeContext;
  readonly slackApp: SlackApp;
  /** The errors that ended the connection. */
  readonly connectionErrors: readonly SlackConnectionError[];
  /** The reasons of rejected requests, oldest first. */
  readonly rejections: readonly RejectionReason[];
  /** The texts of the messages that alice sees in the channel. */
  visibleTexts(): string[];
  /** Waits until alice sees a message whose text matches. */
  waitForText(text: RegExp): Promise<unknown>;
  pressForged(actionId: string, value: string): ReturnType<FakeSlack['press']>;
}

/** One project `orders`, Running; `stores` replaces methods of the stores. Not started yet. */
export async function createSlackAppFixture(
  stores: FakeStores = {},
  options: {
    readonly botToken?: string;
    readonly appToken?: string;
    readonly transport?: (slack: FakeSlack) => Transport;
    readonly operators?: readonly string[];
  } = {},
): Promise<SlackAppFixture> {
  const slack = await FakeSlack.start();
  const dependencies = createFakeContext([exampleProject()], stores);
  const connectionErrors: SlackConnectionError[] = [];
  const rejections: RejectionReason[] = [];
  const app = createSlackApp({
    botToken: options.botToken ?? slack.botToken,
    transport: options.transport?.(slack) ?? { kind: 'socket', appToken: options.appToken ?? slack.appToken },
    apiUrl: slack.apiUrl,
    command: '/sync',
    readPolicy: async () => ({ operators: options.operators ?? ['U0ALICE'], channels: ['C0SYNC'] }),
    showErrors: () => false,
    onCallRules: () => [],
    context: dependencies.context,
    log: dependencies.context.log,
    onAuthError: (error) => connectionErrors.push(error),
    onRequestRejected: (reason) => rejections.push(reason),
  });
  const visibleTexts = () => slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text);
  return {
    slack,
    dependencies,
    slackApp: app,
    connectionErrors,
    rejections,
    visibleTexts,
    waitForText: (text) =>
      slack.waitFor(() => visibleTexts().some((visibleText) => text.test(visibleText)), { description: String(text) }),
    pressForged: (actionId, value) => slack.pressForged({ ...alice, actionId, value }),
    async [Symbol.asyncDispose]() {
      await app.stop();
      await slack[Symbol.asyncDispose]();
    },
  };
}

export async function startSlackAppFixture(stores: FakeStores = {}): Promise<SlackAppFixture> {
  const fixture = await createSlackAppFixture(stores);
  await fixture.slackApp.start();
  return fixture;
}

export function storeUnavailable(commandSent: 'no' | 'unknown'): StoreUnavailableError {
  return new StoreUnavailableError(commandSent, { cause: new Error('connect ECONNREFUSED 10.0.0.7:6379') });
}
