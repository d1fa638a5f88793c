import { Queue } from 'bullmq';
import { expect, vi } from 'vitest';
import { checkClaim } from '../../src/application/check-claim.ts';
import { claimNoticeMs, type Operation, refOf } from '../../src/domain/operation.ts';
import type { Delivery } from '../fake-slack/deliveries.ts';
import type { MessageView } from '../fake-slack/types.ts';
import { keys } from './keys.ts';
import {
  buttonLabels,
  type SlackHarness,
  type SlackHarnessOptions,
  startSlackHarness,
  visibleText,
} from './slack-harness.ts';
import type { TestLink } from './test-services.ts';
import { waitFor } from './wait-for.ts';

/** When the fault begins. `the execution`: after the press of OK is reported everywhere, before a worker claims the operation. */
export type FaultPhase = 'the command' | 'OK' | 'the execution';

/** A row of a table: the fault, when it begins, and what users see, in the format of `expectMessages`. */
export interface FaultCase {
  readonly fault: string;
  readonly during: FaultPhase;
  /** What users see at the end of the operation, while the fault lasts. */
  readonly meanwhile?: string;
  /** What users see when the fault has ended and all notifications are sent. */
  readonly sees: string;
}

/** Adds the title of its test to each row, because vitest shortens long values in a title. */
export function withTitles<Case extends { readonly fault: string; readonly during: string }>(cases: readonly Case[]) {
  return cases.map((faultCase) => [`${faultCase.fault}, during ${faultCase.during}`, faultCase] as const);
}

/** Starts a fault. If it returns a function, the function ends the fault after the end of the operation. */
export type InjectFault = (scenario: FaultScenario) => unknown;

/** Replaces how a command or a press is sent. */
export type SendOverride = (deliver: () => Delivery) => Promise<unknown>;

/** alice pauses the project `orders` with one link, from the command to the outcome. */
export interface FaultScenario extends AsyncDisposable {
  readonly harness: SlackHarness;
  readonly link: TestLink;
  /** Runs from the command to the end of the operation and of the fault, and until all notifications are sent. */
  run(during: FaultPhase, injectFault: InjectFault, seenDuringFault?: string): Promise<void>;
  /** Used once for the next command or press. */
  sendNext: SendOverride | null;
  /** Returns the operation's message in the channel. */
  channelMessage(): MessageView;
  operation(): Promise<Operation>;
  /** Waits until exactly these messages exist: `alice: <text>, then <text>; channel: <text>; direct message: <text>; Slack itself: <error>`. */
  expectMessages(expected: string): Promise<void>;
  /** Asserts that the operation is done and that the project and its link are paused. */
  expectPaused(): Promise<void>;
  /** From now on delayed notifications are sent at once, as if their delay had passed. */
  skipRetryDelays(): void;
  /** Waits until all notifications are sent. */
  waitForNotifications(): Promise<void>;
}

export async function startFaultScenario(options: SlackHarnessOptions = {}): Promise<FaultScenario> {
  const harness = await startSlackHarness(options);
  const { services, slack } = harness;
  const link = await services.createLink('orders-full');
  await link.startWorker(async () => {});
  await services.createProject('orders', [link], { channel: 'C0SYNC' });
  const notificationQueue = new Queue('notifications', {
    connection: services.redis,
    prefix: '{syncbot}',
    skipVersionCheck: true,
  });
  notificationQueue.on('error', () => {});

  const places = {
    alice: () => slack.messagesVisibleTo('U0ALICE', 'C0SYNC').filter((it) => it.ephemeralFor === 'U0ALICE'),
    channel: () => slack.messagesVisibleTo('U0BOB', 'C0SYNC').filter((it) => it.ephemeralFor === undefined),
    'direct message': () => slack.messagesVisibleTo('U0ALICE', slack.directMessage('U0ALICE').id),
  };
  const visibleMessages = () => [
    ...Object.entries(places).map(([place, messages]) => ({ place, texts: messages().map(visibleText) })),
    { place: 'Slack itself', texts: slack.clientErrorsOf('U0ALICE').map(({ error }) => error) },
  ];
  const operation = async () => {
    const [newestOperation] = await services.context.operations.listRecent('orders', 1);
    if (newestOperation === undefined) throw new Error('the project has no operation');
    return newestOperation;
  };

  /** Lets the channel read of the operation before a worker claims it. */
  const delayClaim = async () => {
    const confirmed = await slack.waitFor(async () => {
      const newest = await operation();
      return newest.state === 'confirmed' && newest;
    });
    const confirmedAt = (await services.context.serverClock.now()) - claimNoticeMs;
    await services.redis.hset(keys.operation('orders', confirmed.id), { resolvedAt: confirmedAt });
    await checkClaim(services.context, refOf(confirmed));
  };

  let promoteDelayed = async () => {};
  let skippedMs = 0;
  const send = async (deliver: () => Delivery) => {
    const sendOverride = scenario.sendNext;
    scenario.sendNext = null;
    if (sendOverride === null) expect((await deliver().acked).kind).toBe('acked');
    else await sendOverride(deliver);
  };
  const scenario: FaultScenario = {
    sendNext: null,
    harness,
    link,
    operation,
    channelMessage() {
      const [message] = places.channel();
      if (message === undefined) throw new Error('the channel has no message');
      return message;
    },
    async run(during, injectFault, seenDuringFault) {
      let endFault: unknown = during === 'the command' ? await injectFault(scenario) : undefined;
      await send(() => slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' }));
      const dialog = await harness.waitForMessage('Pause orders?');
      expect(buttonLabels(dialog)).toEqual(['OK', 'Cancel']);
      if (during === 'OK') endFault = await injectFault(scenario);
      await send(() => harness.press('OK', dialog));
      if (during === 'the execution') {
        await delayClaim();
        await scenario.expectMessages('alice: orders · Pausing…; channel: orders · Pausing…');
        await scenario.waitForNotifications();
        endFault = await injectFault(scenario);
      }
      await services.instance.startWorkers();
      await slack.waitFor(async () => (await operation()).finishedAt !== null, {
        description: 'the end of the operation',
      });
      if (seenDuringFault !== undefined) await scenario.expectMessages(seenDuringFault);
      expect(scenario.sendNext).toBeNull();
      if (typeof endFault === 'function') await endFault();
      await scenario.waitForNotifications();
    },
    async expectMessages(expected) {
      const expectedByPlace = parseExpectedMessages(expected);
      await slack.waitFor(
        () => visibleMessages().every(({ place, texts }) => matchesTexts(texts, expectedByPlace.get(place) ?? [])),
        {
          description: expected,
        },
      );
    },
    async expectPaused() {
      expect(await operation()).toMatchObject({ state: 'done', toState: 'paused' });
      expect(await services.context.projects.read('orders')).toMatchObject({
        state: 'paused',
        activeOperation: null,
        version: 3,
      });
      expect(await link.queue.isPaused()).toBe(true);
    },
    skipRetryDelays() {
      const realNow = performance.now.bind(performance);
      vi.spyOn(performance, 'now').mockImplementation(() => realNow() + skippedMs);
      promoteDelayed = async () => {
        skippedMs += 600_000;
        await notificationQueue.promoteJobs();
      };
    },
    async waitForNotifications() {
      await waitFor(
        async () => {
          await promoteDelayed();
          const openOperations = await services.context.operations.listOpen('orders');
          const notNotified = openOperations.filter(({ seq, notifiedSeq }) => seq > notifiedSeq);
          return (
            notNotified.length === 0 && (await notificationQueue.getJobCountByTypes('wait', 'active', 'delayed')) === 0
          );
        },
        { description: 'the end of all notifications' },
      );
    },
    async [Symbol.asyncDispose]() {
      vi.restoreAllMocks();
      await notificationQueue.close();
      await harness[Symbol.asyncDispose]();
    },
  };
  return scenario;
}

function parseExpectedMessages(expected: string): Map<string, string[]> {
  const places = expected.split('; ').map((part): [string, string[]] => {
    const [, place, texts] = /^(alice|channel|direct message|Slack itself): (.+)$/.exec(part) ?? [];
    if (place === undefined || texts === undefined) throw new Error(`not a list of messages: ${part}`);
    return [place, texts === 'nothing' ? [] : texts.split(', then ')];
  });
  return new Map(places);
}

function matchesTexts(texts: readonly string[], expected: readonly string[]): boolean {
  return texts.length === expected.length && expected.every((text, index) => texts[index]?.includes(text));
}
