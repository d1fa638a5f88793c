import { Queue } from 'bullmq';
import { expect, vi } from 'vitest';
import type { Operation } from '../../src/domain/operation.ts';
import { type Conversation, type ConversationOptions, labelsOf, openConversation, said } from './conversation.ts';
import type { Delivery } from './slack/people.ts';
import type { MessageView } from './slack/types.ts';
import { waitFor } from './wait.ts';
import type { OwnedLink } from './world.ts';

/** When the fault begins. `the outcome`: after OK was told everywhere, before a worker takes the operation up. */
export type During = 'the command' | 'OK' | 'the outcome';

/** One line of a table: what is broken, when, and what people see. Places are told as `expectSees` reads them. */
export interface FaultRow {
  readonly fault: string;
  readonly during: During;
  /** While the fault lasts, at the end of the operation. */
  readonly meanwhile?: string;
  /** When everything has been told. */
  readonly sees: string;
}

/** Each row with the title of its test: vitest would cut it. */
export function titled<Row extends { readonly fault: string; readonly during: string }>(rows: readonly Row[]) {
  return rows.map((row) => [`${row.fault}, during ${row.during}`, row] as const);
}

/** Brings a fault about. What it returns ends it, after the operation has ended. */
export type Fault = (walk: Walk) => unknown;

/** Sends a command or a press, and whatever else happens then. */
export type Send = (make: () => Delivery) => Promise<unknown>;

/** Alice pauses `orders`, which runs one link, from the command to the outcome. */
export interface Walk extends AsyncDisposable {
  readonly talk: Conversation;
  readonly link: OwnedLink;
  /** From the command to the end of the operation and of the fault; then all has been told. */
  go(during: During, fault: Fault, meanwhile?: string): Promise<void>;
  /** How the next command or press is sent, instead of plainly. */
  next: Send | null;
  /** The message of the operation that everybody sees. */
  channelMessage(): MessageView;
  operation(): Promise<Operation>;
  /** `alice: <text>, then <text>; channel: <text>; direct message: <text>; Slack itself: <error>`: all that there is. */
  expectSees(sees: string): Promise<void>;
  /** The operation and the project ended as asked, and nothing is left to be told. */
  expectPaused(): Promise<void>;
  /** From now on what waits to be told again is told at once, as if its time had passed. */
  timeFlies(): void;
  /** Nothing is left to be told, and nobody is about to. */
  allTold(): Promise<void>;
}

export async function openWalk(options: ConversationOptions = {}): Promise<Walk> {
  const talk = await openConversation(options);
  const { world, slack } = talk;
  const link = await world.link('orders-full');
  await link.work(async () => {});
  await world.project('orders', [link], { channel: 'C0SYNC' });
  const notices = new Queue('notices', { connection: world.redis, prefix: '{syncbot}', skipVersionCheck: true });
  notices.on('error', () => {});

  const places = {
    alice: () => slack.messagesSeenBy('U0ALICE', 'C0SYNC').filter((it) => it.ephemeralFor === 'U0ALICE'),
    channel: () => slack.messagesSeenBy('U0BOB', 'C0SYNC').filter((it) => it.ephemeralFor === undefined),
    'direct message': () => slack.messagesSeenBy('U0ALICE', slack.directMessage('U0ALICE').id),
  };
  const seen = () => [
    ...Object.entries(places).map(([place, messages]) => ({ place, texts: messages().map(said) })),
    { place: 'Slack itself', texts: slack.noticesSeenBy('U0ALICE').map(({ error }) => error) },
  ];
  const operation = async () => {
    const [newest] = await world.deps.store.recentOperations('orders', 1);
    if (newest === undefined) throw new Error('no operation');
    return newest;
  };

  let hurry = async () => {};
  let aheadMs = 0;
  const send = async (make: () => Delivery) => {
    const how = walk.next;
    walk.next = null;
    if (how === null) expect((await make().acked).kind).toBe('acked');
    else await how(make);
  };
  const walk: Walk = {
    next: null,
    talk,
    link,
    operation,
    channelMessage() {
      const [message] = places.channel();
      if (message === undefined) throw new Error('nothing in the channel');
      return message;
    },
    async go(during, fault, meanwhile) {
      let over: unknown = during === 'the command' ? await fault(walk) : undefined;
      await send(() => slack.command({ user: 'U0ALICE', channel: 'C0SYNC', text: 'pause orders' }));
      const dialog = await talk.sees('Pause orders?');
      expect(labelsOf(dialog)).toEqual(['OK', 'Cancel']);
      if (during === 'OK') over = await fault(walk);
      await send(() => talk.press('OK', dialog));
      if (during === 'the outcome') {
        await walk.expectSees('alice: Pausing orders…; channel: Pausing orders…');
        await walk.allTold();
        over = await fault(walk);
      }
      await world.app.startWorker();
      await slack.waitFor(async () => (await operation()).finishedAt !== null, { what: 'the end of the operation' });
      if (meanwhile !== undefined) await walk.expectSees(meanwhile);
      expect(walk.next).toBeNull();
      if (typeof over === 'function') await over();
      await walk.allTold();
    },
    async expectSees(sees) {
      const expected = parseSees(sees);
      await slack.waitFor(() => seen().every(({ place, texts }) => fits(texts, expected.get(place) ?? [])), {
        what: sees,
        timeoutMs: 20_000,
      });
    },
    async expectPaused() {
      expect(await operation()).toMatchObject({ state: 'done', toState: 'paused' });
      expect(await world.deps.store.read('orders')).toMatchObject({ state: 'paused', holder: null, version: 3 });
      expect(await link.queue.isPaused()).toBe(true);
    },
    timeFlies() {
      const real = performance.now.bind(performance);
      vi.spyOn(performance, 'now').mockImplementation(() => real() + aheadMs);
      hurry = async () => {
        aheadMs += 600_000;
        await notices.promoteJobs();
      };
    },
    async allTold() {
      await waitFor(
        async () => {
          await hurry();
          const open = await world.deps.store.openOperations('orders');
          const untold = open.filter(({ seq, toldSeq }) => seq > toldSeq);
          return untold.length === 0 && (await notices.getJobCountByTypes('wait', 'active', 'delayed')) === 0;
        },
        { describe: 'everything told', timeoutMs: 30_000 },
      );
    },
    async [Symbol.asyncDispose]() {
      vi.restoreAllMocks();
      await notices.close();
      await talk[Symbol.asyncDispose]();
    },
  };
  return walk;
}

function parseSees(sees: string): Map<string, string[]> {
  const places = sees.split('; ').map((part): [string, string[]] => {
    const [, place, texts] = /^(alice|channel|direct message|Slack itself): (.+)$/.exec(part) ?? [];
    if (place === undefined || texts === undefined) throw new Error(`not understood: ${part}`);
    return [place, texts === 'nothing' ? [] : texts.split(', then ')];
  });
  return new Map(places);
}

function fits(texts: readonly string[], expected: readonly string[]): boolean {
  return texts.length === expected.length && expected.every((text, index) => texts[index]?.includes(text));
}
