import type { Deps } from '../../src/application/deps.ts';
import { StoreUnavailable } from '../../src/application/faults.ts';
import type { SlackRefused } from '../../src/slack/refused.ts';
import type { RejectionReason } from '../../src/slack/rejection.ts';
import { createSlackApp, type SlackApp, type Way } from '../../src/slack/slack-app.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { exampleProject } from './examples.ts';
import { type FakeDeps, fakeDeps } from './fake-deps.ts';

export const alice = { user: 'U0ALICE', channel: 'C0SYNC' };

/** A bot over use cases that are not there, in a strict Slack: for what happens between the two. */
export interface Bench extends AsyncDisposable {
  readonly slack: StrictSlack;
  readonly fake: FakeDeps;
  readonly app: SlackApp;
  /** With what the connection was given up. */
  readonly lost: readonly SlackRefused[];
  /** Why requests were refused, oldest first. */
  readonly rejected: readonly RejectionReason[];
  /** The top-level texts that alice sees in the channel. */
  answers(): string[];
  /** Waits until alice sees a text like this. */
  answer(text: RegExp): Promise<unknown>;
  press(actionId: string, value: string): ReturnType<StrictSlack['press']>;
}

/** One project `orders`, Running; `store` replaces what the test needs of the store. Not started yet. */
export async function openBench(
  store: Partial<Deps['store']> = {},
  given: { readonly bot?: string; readonly app?: string; readonly way?: (slack: StrictSlack) => Way } = {},
): Promise<Bench> {
  const slack = await StrictSlack.start();
  const fake = fakeDeps([exampleProject()], store);
  const lost: SlackRefused[] = [];
  const rejected: RejectionReason[] = [];
  const app = createSlackApp({
    botToken: given.bot ?? slack.botToken,
    way: given.way?.(slack) ?? { kind: 'socket', appToken: given.app ?? slack.appToken },
    apiUrl: slack.apiUrl,
    command: '/sync',
    policy: { operators: ['U0ALICE'], channels: ['C0SYNC'] },
    showErrors: false,
    deps: fake.deps,
    log: fake.deps.log,
    onLost: (fault) => lost.push(fault),
    onRejected: (reason) => rejected.push(reason),
  });
  const answers = () => slack.messagesSeenBy('U0ALICE', 'C0SYNC').map(({ text }) => text);
  return {
    slack,
    fake,
    app,
    lost,
    rejected,
    answers,
    answer: (text) => slack.waitFor(() => answers().some((each) => text.test(each)), { what: String(text) }),
    press: (actionId, value) => slack.pressRaw({ ...alice, actionId, value }),
    async [Symbol.asyncDispose]() {
      await app.stop();
      await slack[Symbol.asyncDispose]();
    },
  };
}

export async function startedBench(store: Partial<Deps['store']> = {}): Promise<Bench> {
  const bench = await openBench(store);
  await bench.app.start();
  return bench;
}

export function away(sent: 'no' | 'unknown'): StoreUnavailable {
  return new StoreUnavailable(sent, { cause: new Error('connect ECONNREFUSED 10.0.0.7:6379') });
}
