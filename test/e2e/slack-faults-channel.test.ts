import { expect, it } from 'vitest';
import { type Fault, type FaultRow, openWalk, titled, type Walk } from '../support/fault-walk.ts';
import type { FaultSpec } from '../support/slack/faults.ts';

const rows = [
  {
    fault: 'chat.postMessage answers 429, Retry-After 1 s',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage answers 429, Retry-After 1 s, three times',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage answers ok: false, ratelimited',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage answers 500',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage answers 503, five times',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage answers ok: false, internal_error',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage: the connection breaks before Slack took it',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage: the connection breaks after Slack took it',
    during: 'OK',
    meanwhile: 'alice: orders is Paused; channel: Pausing orders…',
    sees: 'alice: orders is Paused; channel: Pausing orders…, then orders is Paused',
  },
  {
    fault: 'chat.postMessage gets no answer, and Slack did not take it',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.postMessage refuses the blocks (invalid_blocks)',
    during: 'OK',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the bot token is revoked for a while (invalid_auth)',
    during: 'OK',
    meanwhile: 'alice: orders is Paused',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the bot token is revoked for a while (invalid_auth)',
    during: 'the outcome',
    meanwhile: 'alice: orders is Paused; channel: Pausing orders…',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.update answers 429, Retry-After 1 s',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.update answers 429, Retry-After 1 s, three times',
    during: 'the outcome',
    meanwhile: 'alice: orders is Paused; channel: Pausing orders…',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.update answers 500',
    during: 'the outcome',
    meanwhile: 'alice: orders is Paused; channel: Pausing orders…',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'chat.update: the connection breaks after Slack took it',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'a person deletes the message of the operation',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'a person deletes the message of the operation after its end',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: orders is Paused',
  },
  {
    fault: 'the message may not be edited (cant_update_message)',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: Pausing orders…, then orders is Paused',
  },
  {
    fault: 'the message may not be edited any more (edit_window_closed)',
    during: 'the outcome',
    sees: 'alice: orders is Paused; channel: Pausing orders…, then orders is Paused',
  },
  {
    fault: 'alice reloads her client, and the dialog is gone',
    during: 'the outcome',
    sees: 'alice: nothing; channel: orders is Paused',
  },
] as const satisfies readonly FaultRow[];

/** Waits are skipped that would only make the test longer; those of Retry-After are waited for. */
const later =
  (spec: FaultSpec): Fault =>
  (walk) => {
    walk.talk.slack.fail(spec);
    return () => walk.timeFlies();
  };
const once =
  (spec: FaultSpec): Fault =>
  ({ talk }) => {
    talk.slack.fail(spec);
  };
const post = 'chat.postMessage';
const update = 'chat.update';

/** As long as it lasts nothing can be posted; the operator finds it in the log. */
const revoked: Fault = (walk) => {
  const faults = [post, update].map((method) => walk.talk.slack.fail({ method, error: 'invalid_auth', times: 1_000 }));
  return async () => {
    await walk.talk.slack.waitFor(() =>
      walk.talk.logged.some(({ level, code }) => level >= 40 && code === 'invalid_auth'),
    );
    for (const fault of faults) fault.cancel();
    walk.timeFlies();
  };
};

const deleted = (walk: Walk) => walk.talk.slack.deleteMessage(walk.channelMessage().ts);

const faults: Record<(typeof rows)[number]['fault'], Fault> = {
  'chat.postMessage answers 429, Retry-After 1 s': once({ method: post, retryAfter: 1 }),
  'chat.postMessage answers 429, Retry-After 1 s, three times': once({ method: post, retryAfter: 1, times: 3 }),
  'chat.postMessage answers ok: false, ratelimited': later({ method: post, error: 'ratelimited' }),
  'chat.postMessage answers 500': later({ method: post, status: 500 }),
  'chat.postMessage answers 503, five times': later({ method: post, status: 503, times: 5 }),
  'chat.postMessage answers ok: false, internal_error': later({ method: post, error: 'internal_error' }),
  'chat.postMessage: the connection breaks before Slack took it': later({ method: post, dropRequest: true }),
  'chat.postMessage: the connection breaks after Slack took it': later({ method: post, dropReply: true }),
  'chat.postMessage gets no answer, and Slack did not take it': later({ method: post, hang: true }),
  'chat.postMessage refuses the blocks (invalid_blocks)': once({ method: post, error: 'invalid_blocks' }),
  'the bot token is revoked for a while (invalid_auth)': revoked,
  'chat.update answers 429, Retry-After 1 s': once({ method: update, retryAfter: 1 }),
  'chat.update answers 429, Retry-After 1 s, three times': once({ method: update, retryAfter: 1, times: 3 }),
  'chat.update answers 500': later({ method: update, status: 500 }),
  'chat.update: the connection breaks after Slack took it': later({ method: update, dropReply: true }),
  'a person deletes the message of the operation': deleted,
  'a person deletes the message of the operation after its end': (walk) => async () => {
    await walk.allTold();
    deleted(walk);
    await walk.expectSees('alice: orders is Paused');
    await tellAgain(walk);
  },
  'the message may not be edited (cant_update_message)': once({ method: update, error: 'cant_update_message' }),
  'the message may not be edited any more (edit_window_closed)': once({ method: update, error: 'edit_window_closed' }),
  'alice reloads her client, and the dialog is gone': ({ talk }) => talk.slack.reloadClient('U0ALICE'),
};

/** Something that has to be told happens after the end, such as the last task in flight that ends. */
async function tellAgain({ talk, operation }: Walk): Promise<void> {
  const { id } = await operation();
  await talk.world.redis.hincrby(`syncbot:{p:orders}:op:${id}`, 'seq', 1);
  await talk.world.deps.notifier.tell({ project: 'orders', operation: id });
}

it.each(titled(rows))('%s', async (_title, { fault, during, sees, ...row }) => {
  await using walk = await openWalk();
  await walk.go(during, faults[fault], 'meanwhile' in row ? row.meanwhile : undefined);
  await walk.expectSees(sees);
  await walk.expectPaused();
  const posted = walk.talk.slack.callsTo(update).map(({ args }) => walk.talk.slack.message(String(args['ts'])));
  expect(posted.filter((message) => message?.via !== post)).toEqual([]);
  expect(walk.talk.slack.violations).toEqual([]);
});
