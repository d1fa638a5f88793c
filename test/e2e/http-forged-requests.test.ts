import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RejectionReason } from '../../src/slack/receivers/receiver.ts';
import { commandPayload } from '../fake-slack/payloads.ts';
import { encodeForm, nowSeconds, type SignedRequest, signRequest } from '../fake-slack/request-signing.ts';
import { newTriggerId } from '../fake-slack/trigger-ids.ts';
import { connectRawClient, type RawClient, type RequestChanges, requestBytes } from '../support/raw-http-client.ts';
import { closeWithoutViolations, type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';

let harness: SlackHarness;

beforeAll(async () => {
  harness = await startSlackHarness({ transport: 'http' });
  await harness.services.createProject('orders', [await harness.services.createLink('orders-full')]);
  await harness.services.instance.startWorkers();
});
afterAll(() => closeWithoutViolations(harness));

/** The body of `/sync pause orders`, which creates an operation when the bot accepts it. */
function pauseCommand(user = 'U0ALICE'): string {
  const origin = {
    user: harness.slack.user(user),
    channel: harness.slack.channel('C0SYNC'),
    responseUrl: `${harness.slack.apiUrl}never`,
    triggerId: newTriggerId(),
    state: { enterprise: undefined },
  };
  return encodeForm({ type: 'slash_commands', payload: commandPayload(origin, '/sync', 'pause orders') });
}

const sign = <Body extends string | Buffer>(body: Body, timestamp = nowSeconds()): SignedRequest<Body> =>
  signRequest(body, { signingSecret: harness.slack.signingSecret, timestamp });
const validRequest = () => sign(pauseCommand());
const changedRequest = (changes: RequestChanges, request: SignedRequest<string | Buffer> = validRequest()) =>
  requestBytes(request, changes);
const signedPayload = (payload: string) => sign(new URLSearchParams({ payload }).toString());
const requestWithoutBody = () => ({ ...validRequest(), body: '' });
const chunkedEncoding = { headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' } };

type Send = (client: RawClient) => unknown;
const sendBytes =
  (createBytes: () => Buffer | string): Send =>
  (client) =>
    client.write(createBytes());

const hostileRequests: readonly (readonly [string, RejectionReason, number | null, Send])[] = [
  [
    'with a forged signature',
    'invalid_signature',
    401,
    sendBytes(() => changedRequest({ headers: { 'x-slack-signature': `v0=${'0'.repeat(64)}` } })),
  ],
  [
    'signed in another version',
    'invalid_signature',
    401,
    sendBytes(() => changedRequest({ headers: { 'x-slack-signature': 'v1=00' } })),
  ],
  [
    'without a signature',
    'missing_signature',
    401,
    sendBytes(() => changedRequest({ headers: { 'x-slack-signature': undefined } })),
  ],
  [
    'without timestamp',
    'missing_signature',
    401,
    sendBytes(() => changedRequest({ headers: { 'x-slack-request-timestamp': undefined } })),
  ],
  [
    'signed with another secret',
    'invalid_signature',
    401,
    sendBytes(() => requestBytes(signRequest(pauseCommand(), { signingSecret: 'other' }))),
  ],
  [
    'changed after it was signed',
    'invalid_signature',
    401,
    sendBytes(() => changedRequest({}, { ...validRequest(), body: `${pauseCommand()}&text=x` })),
  ],
  ['with a newer timestamp than signed', 'invalid_signature', 401, sendBytes(() => requestWithNewerTimestamp())],
  [
    'with an old timestamp',
    'stale_timestamp',
    401,
    sendBytes(() => requestBytes(sign(pauseCommand(), nowSeconds() - 310))),
  ],
  [
    'with a future timestamp',
    'future_timestamp',
    401,
    sendBytes(() => requestBytes(sign(pauseCommand(), nowSeconds() + 310))),
  ],
  [
    'with a too large content-length',
    'too_large',
    413,
    sendBytes(() => changedRequest({ headers: { 'content-length': '1048577' } })),
  ],
  [
    'with too large chunks',
    'too_large',
    413,
    sendBytes(() => Buffer.concat([changedRequest(chunkedEncoding, requestWithoutBody()), largeChunk])),
  ],
  [
    'with too large headers',
    'too_large',
    431,
    sendBytes(() => changedRequest({ extraHeaderLines: [`x: ${'y'.repeat(20_000)}`] })),
  ],
  ['without a body', 'malformed', 400, sendBytes(() => requestBytes(sign('')))],
  ['with a payload that is not JSON', 'malformed', 400, sendBytes(() => requestBytes(signedPayload('{"type":')))],
  ['with a payload that is null', 'malformed', 400, sendBytes(() => requestBytes(signedPayload('null')))],
  [
    'with a press that has no action',
    'unhandled',
    404,
    sendBytes(() => requestBytes(signedPayload('{"type":"block_actions"}'))),
  ],
  ['without payload and command', 'malformed', 400, sendBytes(() => requestBytes(sign('text=list')))],
  [
    'with text that is not UTF-8',
    'malformed',
    400,
    sendBytes(() => requestBytes(sign(Buffer.from('command=/sync&text=\xff', 'latin1')))),
  ],
  [
    'with two signatures',
    'malformed',
    400,
    sendBytes(() => changedRequest({ extraHeaderLines: [`X-Slack-Signature: v0=${'0'.repeat(64)}`] })),
  ],
  ['without host', 'malformed', 400, sendBytes(() => changedRequest({ headers: { host: undefined } }))],
  [
    'with two body lengths',
    'malformed',
    400,
    sendBytes(() => changedRequest({ extraHeaderLines: ['transfer-encoding: chunked'] })),
  ],
  [
    'with invalid chunks',
    'malformed',
    400,
    sendBytes(() => Buffer.concat([changedRequest(chunkedEncoding, requestWithoutBody()), Buffer.from('zz\r\n')])),
  ],
  ['with bytes that are not HTTP', 'malformed', 400, sendBytes(() => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')],
  [
    'with an unknown expectation',
    'malformed',
    417,
    sendBytes(() => changedRequest({ extraHeaderLines: ['expect: 999-unknown'] })),
  ],
  ['that ends in its body', 'malformed', 400, (client) => client.socket.end(truncatedRequest())],
  ['that is reset in its body', 'malformed', null, resetConnection],
  [
    'to another path',
    'wrong_path',
    404,
    sendBytes(() => changedRequest({ requestLine: 'POST /slack/actions HTTP/1.1' })),
  ],
  [
    'with the method GET',
    'wrong_method',
    405,
    sendBytes(() => changedRequest({ requestLine: 'GET /slack/events HTTP/1.1' }, requestWithoutBody())),
  ],
  [
    'with the method CONNECT',
    'wrong_method',
    405,
    sendBytes(() => 'CONNECT /slack/events HTTP/1.1\r\nhost: x\r\n\r\n'),
  ],
  [
    'of another content type',
    'wrong_content_type',
    415,
    sendBytes(() => changedRequest({ headers: { 'content-type': 'text/plain' } })),
  ],
  ['that stalls in its headers', 'timeout', 408, sendBytes(() => 'POST /slack/events HTTP/1.1\r\nhost: x\r\nx-slack-')],
  ['that stalls in its body', 'timeout', 408, sendBytes(() => truncatedRequest())],
];

const largeChunk = Buffer.concat([Buffer.from('100001\r\n'), Buffer.alloc(0x10_00_01, 'a')]);
async function resetConnection(client: RawClient): Promise<void> {
  client.write(changedRequest({ headers: { 'content-length': '9', expect: '100-continue' } }, requestWithoutBody()));
  expect(await client.response()).toMatchObject({ status: 100 });
  client.socket.resetAndDestroy();
}
const truncatedRequest = () => {
  const complete = requestBytes(validRequest());
  return complete.subarray(0, complete.length - 5);
};
function requestWithNewerTimestamp(): Buffer {
  const { headers, body } = sign(pauseCommand(), nowSeconds() - 310);
  return requestBytes({ headers: { ...headers, 'x-slack-request-timestamp': String(nowSeconds()) }, body });
}

const operations = () => harness.services.context.operations.listRecent('orders', 10);

describe('hostile requests', () => {
  it.each(hostileRequests)(
    'A request %s is counted as %s, gets the status %s, and changes nothing.',
    async (_what, reason, status, send) => {
      const { rejections, slack, bot } = harness;
      const before = { rejections: rejections.length, calls: slack.calls.length };
      using client = await connectRawClient(bot.port);
      await send(client);
      const answer = await client.response();
      expect(answer?.status ?? null).toBe(status);
      expect(answer?.body ?? '').toBe('');
      if (status !== null) await client.ended;
      await slack.waitFor(() => rejections.length > before.rejections);
      expect(rejections.slice(before.rejections)).toEqual([reason]);
      expect(await operations()).toEqual([]);
      expect(slack.calls).toHaveLength(before.calls);
    },
  );

  it('The log has one line per reason, with the clock difference and without data of the request.', () => {
    const lines = harness.logLines.filter(({ msg }) => msg === 'HTTP request rejected');
    const reasons = lines.map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual([...new Set(hostileRequests.map(([, reason]) => reason))].toSorted());
    expect(Number(lines.find(({ reason }) => reason === 'stale_timestamp')?.['secondsAhead'])).toBeLessThan(-300);
    expect(lines.find(({ reason }) => reason === 'future_timestamp')).toMatchObject({
      hint: "check this machine's clock",
    });
    expect(JSON.stringify(harness.logLines)).not.toMatch(/pause\+orders|v0=|bot\.example/);
    expect(harness.logLines.filter(({ level }) => level >= 50)).toEqual([]);
  });

  it('A replay of a valid request gets 200 and changes nothing.', async () => {
    const { rejections, slack, services, bot } = harness;
    await harness.runCommand('pause orders');
    const request = slack.requestUrl.sentRequests.at(-1);
    if (request === undefined) throw new Error('nothing sent');
    const [operation] = await operations();
    const before = { rejections: rejections.length, calls: slack.calls.length };
    using client = await connectRawClient(bot.port);
    client.write(requestBytes(request));
    expect(await client.response()).toMatchObject({ status: 200, body: '' });
    await slack.waitFor(() => harness.logLines.some(({ msg }) => msg === 'second delivery dropped'));
    expect(rejections).toHaveLength(before.rejections);
    expect(await operations()).toEqual([operation]);
    expect(slack.calls).toHaveLength(before.calls);
    expect(await services.context.projects.read('orders')).toMatchObject({ version: 1 });
  });

  it('A signed press from another workspace is acknowledged, counted, and refused only to its sender.', async () => {
    const { rejections, slack } = harness;
    const before = { rejections: rejections.length, operations: await operations() };
    const at = { user: 'U0EVE', channel: 'C0SYNC' };
    const value = `orders/${before.operations[0]?.id}`;
    expect((await slack.pressForged({ ...at, actionId: 'sync:v1:ok', value }).acked).kind).toBe('acked');
    expect(visibleText(await harness.waitForMessage('Only members', at))).not.toContain('orders');
    expect(rejections.slice(before.rejections)).toEqual(['other_team']);
    expect(await operations()).toEqual(before.operations);
  });
});
