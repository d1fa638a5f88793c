import { describe, expect, it } from 'vitest';
import { postToResponseUrl, type ResponseMode } from '../../../src/slack/notifier/response-url.ts';
import { type Message, sectionBlock, textMessage } from '../../../src/slack/views/blocks.ts';

const url = 'https://hooks.slack.test/actions/1';
const message = textMessage('orders is Paused');

type Reply = { readonly status?: number; readonly body?: string; readonly headers?: Record<string, string> } | Error;

/** Posts the message to a response_url that gives these replies, one after the other. */
async function post(replies: readonly Reply[], content: Message = message, mode: ResponseMode = 'new') {
  const requests: { readonly url: string; readonly init: RequestInit | undefined; readonly body: unknown }[] = [];
  const send: typeof fetch = async (input, init) => {
    const reply = replies[requests.length];
    requests.push({ url: String(input), init, body: JSON.parse(String(init?.body)) });
    if (reply === undefined) throw new Error('one call too many');
    if (reply instanceof Error) throw reply;
    const { status = 200, body = 'ok', headers = {} } = reply;
    return new Response(body, { status, headers });
  };
  const result = await postToResponseUrl({ url, send }, content, mode);
  return { result, requests };
}

describe('a response_url', () => {
  it.each([
    ['new', false],
    ['replace', true],
  ] as const)('gets the message as JSON in mode %s', async (mode, replacesOriginal) => {
    const { result, requests } = await post([{}], message, mode);
    expect(result).toEqual({ kind: 'done', uses: 1 });
    expect(requests).toMatchObject([
      {
        url,
        init: { method: 'POST', headers: { 'content-type': 'application/json; charset=utf-8' } },
        body: { response_type: 'ephemeral', replace_original: replacesOriginal, ...message },
      },
    ]);
    expect(requests[0]?.init?.signal).toBeInstanceOf(AbortSignal);
  });

  it.each<[string, Reply, object]>([
    ['accepts the message', { body: '{"ok":true}' }, { kind: 'done', uses: 1 }],
    ['accepts the message with status 299', { status: 299 }, { kind: 'done', uses: 1 }],
    ['has expired', { status: 404, body: '{"ok":false,"error":"expired_url"}' }, { kind: 'expired', uses: 1 }],
    ['has moved', { status: 300 }, { kind: 'expired', uses: 1 }],
    ['is used up', { body: '{"ok":false,"error":"used_url"}' }, { kind: 'expired', uses: 1 }],
    [
      'limits the rate',
      { body: '{"ok":false,"error":"ratelimited"}' },
      { kind: 'retry', uses: 0, retryAfterMs: 5_000 },
    ],
    ['has an error', { status: 500 }, { kind: 'retry', uses: 0, retryAfterMs: 5_000 }],
    ['does not answer', new Error('socket hang up'), { kind: 'retry', uses: 0, retryAfterMs: 2_000 }],
  ])('that %s', async (_name, reply, result) => {
    expect((await post([reply])).result).toEqual(result);
  });

  it.each([
    ['7', 7_000],
    ['3600', 3_600_000],
    ['86400', 3_600_000],
    ['0', 1_000],
    ['-1', 1_000],
    ['soon', 1_000],
    [null, 1_000],
  ])('with status 429 and Retry-After %s is tried again after %d ms', async (retryAfter, retryAfterMs) => {
    const headers: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
    expect((await post([{ status: 429, headers }])).result).toEqual({ kind: 'retry', uses: 0, retryAfterMs });
  });
});

describe('a message that Slack rejects', () => {
  it.each<Reply>([
    { status: 400 },
    { body: '{"ok":false,"error":"invalid_blocks"}' },
    { body: 'msg_blocks_too_long' },
    { body: 'msg_too_long' },
    { body: 'no_text' },
  ])('is sent once more as text: %o', async (rejection) => {
    const { result, requests } = await post([rejection, {}]);
    expect(result).toEqual({ kind: 'done', uses: 2 });
    expect(requests.map(({ body }) => body)).toMatchObject([{ blocks: message.blocks }, { text: message.text }]);
    expect(requests[1]?.body).not.toHaveProperty('blocks');
  });

  it('uses the URL twice when Slack rejects or limits the text too', async () => {
    expect((await post([{ status: 400 }, { status: 400 }])).result).toEqual({ kind: 'expired', uses: 2 });
    expect((await post([{ status: 400 }, { status: 500 }])).result).toEqual({
      kind: 'retry',
      uses: 2,
      retryAfterMs: 5_000,
    });
  });

  it('because of its length is sent as text at once', async () => {
    const { requests } = await post([{}], { text: 'orders is Paused', blocks: [sectionBlock('x'.repeat(3_001))] });
    expect(requests.map(({ body }) => body)).toEqual([
      { response_type: 'ephemeral', replace_original: false, text: 'orders is Paused' },
    ]);
  });
});
