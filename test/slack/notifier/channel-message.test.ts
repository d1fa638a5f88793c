import { LogLevel, webApi } from '@slack/bolt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RetryLaterError } from '../../../src/application/errors.ts';
import { postOrUpdate } from '../../../src/slack/notifier/channel-message.ts';
import { type Message, sectionBlock, textMessage } from '../../../src/slack/views/blocks.ts';
import { FakeSlack } from '../../fake-slack/fake-slack.ts';
import { createFakeContext, type FakeContext } from '../fake-context.ts';

let slack: FakeSlack;
let fake: FakeContext;
beforeEach(async () => {
  slack = await FakeSlack.start();
  fake = createFakeContext([]);
});
afterEach(() => slack[Symbol.asyncDispose]());

const message = textMessage('orders was paused');
const texts = () => slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text);

/** Posts the message to #sync, or updates the message with this `ts` there. */
function send(content: Message = message, ts: string | null = null) {
  const options = { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };
  const client = new webApi.WebClient(slack.botToken, { ...options, logLevel: LogLevel.ERROR });
  const messageRef = ts === null ? null : { channel: 'C0SYNC', ts };
  return postOrUpdate({ client, log: fake.context.log }, content, { messageRef, channel: 'C0SYNC' });
}

async function sendForTs(): Promise<string> {
  const result = await send();
  if (result.kind !== 'posted') throw new Error(result.code);
  return result.messageRef.ts;
}

describe('the message in a channel', () => {
  it('is posted without a preview of its links', async () => {
    expect(await send()).toMatchObject({ kind: 'posted', messageRef: { channel: 'C0SYNC' } });
    expect(slack.callsTo('chat.postMessage')[0]?.args).toMatchObject({
      text: message.text,
      unfurl_links: 'false',
      unfurl_media: 'false',
    });
  });

  it('is updated in place', async () => {
    const ts = await sendForTs();
    expect(await send(textMessage('orders was restored'), ts)).toEqual({
      kind: 'posted',
      messageRef: { channel: 'C0SYNC', ts },
    });
    expect(texts()).toEqual(['orders was restored']);
  });

  it.each(['message_not_found', 'cant_update_message', 'edit_window_closed'])(
    'is posted again when its update is answered with %s',
    async (error) => {
      const ts = await sendForTs();
      slack.injectFault({ method: 'chat.update', error });
      expect(await send(message, ts)).toMatchObject({
        kind: 'posted',
        messageRef: { ts: expect.not.stringMatching(ts) },
      });
    },
  );

  it.each(['is_archived', 'not_in_channel', 'channel_not_found'])(
    'cannot be posted after the error %s, which is not logged as a fault',
    async (error) => {
      slack.injectFault({ method: 'chat.postMessage', error });
      expect(await send()).toEqual({ kind: 'cannot_post', code: error });
      slack.injectFault({ method: 'chat.postMessage', error: 'message_not_found' });
      expect(await send()).toEqual({ kind: 'cannot_post', code: 'message_not_found' });
      expect(fake.logLines).toEqual([]);
    },
  );

  it('cannot be updated in a channel that was archived, and is not posted there again', async () => {
    const ts = await sendForTs();
    slack.channel('C0SYNC').isArchived = true;
    expect(await send(message, ts)).toEqual({ kind: 'cannot_post', code: 'is_archived' });
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
  });
});

describe('content that Slack does not accept', () => {
  it.each([
    'invalid_blocks',
    'invalid_blocks_format',
    'msg_blocks_too_long',
    'msg_too_long',
    'no_text',
    'markdown_text_conflict',
  ])('is sent as text after %s, new or as an update', async (error) => {
    slack.injectFault({ method: 'chat.postMessage', error });
    const ts = await sendForTs();
    slack.injectFault({ method: 'chat.update', error });
    await send(textMessage('orders was restored'), ts);
    expect(texts()).toEqual(['orders was restored']);
    expect(slack.callsTo('chat.update').at(-1)?.args).toMatchObject({ blocks: '[]' });
  });

  it('is sent as text if it is over a limit, and the limits are logged', async () => {
    const long = {
      text: 'orders was paused',
      blocks: Array.from({ length: 7 }, () => sectionBlock('x'.repeat(3_001))),
    };
    await send(long);
    expect(texts()).toEqual(['orders was paused']);
    expect(fake.logLines).toMatchObject([{ level: 'error', fields: { violations: { length: 5 } } }]);
  });

  it('is refused when Slack does not accept the text either', async () => {
    slack.injectFault({ method: 'chat.postMessage', error: 'msg_too_long', times: 3 });
    expect(await send()).toEqual({ kind: 'cannot_post', code: 'msg_too_long' });
    expect(slack.callsTo('chat.postMessage')).toHaveLength(2);
  });

  it('without blocks is not sent twice', async () => {
    slack.injectFault({ method: 'chat.postMessage', error: 'msg_too_long' });
    expect(await send({ text: 'orders was paused', blocks: [] })).toEqual({
      kind: 'cannot_post',
      code: 'msg_too_long',
    });
    expect(slack.callsTo('chat.postMessage')).toHaveLength(1);
  });
});

describe('a message is sent again', () => {
  it.each<[string, object, number, object]>([
    ['after the time that Slack asks for', { retryAfter: 9 }, 9_000, { error: { name: expect.any(String) } }],
    ['after 5 s without an answer', { dropRequest: true }, 5_000, { error: { name: expect.any(String) } }],
    ['after 5 s if Slack has an error', { error: 'internal_error' }, 5_000, { code: 'internal_error' }],
    ['after 5 s if Slack limits the rate', { error: 'ratelimited' }, 5_000, { code: 'ratelimited' }],
    ...[
      'message_limit_exceeded',
      'team_added_to_org',
      'org_login_required',
      'accesslimited',
      'invalid_auth',
      'not_authed',
      'account_inactive',
      'token_revoked',
      'token_expired',
    ].map((code): [string, object, number, object] => [
      `after 30 s, because an administrator can fix ${code}`,
      { error: code },
      30_000,
      { code },
    ]),
  ])('%s', async (_name, fault, delayMs, fields) => {
    slack.injectFault({ method: 'chat.postMessage', ...fault });
    const error = await send().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RetryLaterError);
    expect(error).toMatchObject({ delayMs, cause: expect.any(Error) });
    expect(fake.logLines).toMatchObject([{ level: 'warn', fields: { ...fields, delayMs } }]);
  });
});
