import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RejectionReason } from '../../src/slack/receivers/receiver.ts';
import { commandPayload, newTriggerId } from '../fake-slack/payloads.ts';
import { encodeForm, nowSeconds, type SignedRequest, signRequest } from '../fake-slack/request-signing.ts';
import { connectRawClient, type RawClient, type RequestChanges, requestBytes } from '../support/raw-http-client.ts';
import { type SlackHarness, startSlackHarness, visibleText } from '../support/slack-harness.ts';

let harness: SlackHarness;

beforeAll(async () => {
  harness = await startSlackHarness({ transport: 'http' });
  await harness.services.createProject('orders', [await harness.services.createLink('orders-full')]);
  await harness.services.instance.startWorkers();
});
afterAll(async () => {
  const { violations } = harness.slack;
  await harness[Symbol.asyncDispose]();
  expect(violations).toEqual([]);
});

/** A request that would pause a project's dialog into being, if it were let in. */
function pauseCommand(user = 'U0ALICE'): string {
  const origin = {
    user: harness.slack.user(user),
    channel: harness.slack.channel('C0SYNC'),
    responseUrl: `${harness.slack.apiUrl}never`,
    triggerId: newTriggerId(),
    enterprise: undefined,
  };
  return encodeForm({ type: 'slash_commands', payload: commandPayload(origin, '/sync', 'pause orders') });
}

const sign = <Body extends string | Buffer>(body: Body, timestamp = nowSeconds()): SignedRequest<Body> =>
  signRequest(body, { signingSecret: harness.slack.signingSecret, timestamp });
const right = () => sign(pauseCommand());
const bytesOf = (changes: RequestChanges, request: SignedRequest<string | Buffer> = right()) =>
  requestBytes(request, changes);
const pressOf = (payload: string) => sign(new URLSearchParams({ payload }).toString());
const empty = () => ({ ...right(), body: '' });
const chunked = { headers: { 'content-length': undefined, 'transfer-encoding': 'chunked' } };

type Send = (client: RawClient) => unknown;
const bytes =
  (make: () => Buffer | string): Send =>
  (client) =>
    client.write(make());

const table: readonly (readonly [string, RejectionReason, number | null, Send])[] = [
  [
    'forged',
    'invalid_signature',
    401,
    bytes(() => bytesOf({ headers: { 'x-slack-signature': `v0=${'0'.repeat(64)}` } })),
  ],
  [
    'signed in another version',
    'invalid_signature',
    401,
    bytes(() => bytesOf({ headers: { 'x-slack-signature': 'v1=00' } })),
  ],
  ['unsigned', 'missing_signature', 401, bytes(() => bytesOf({ headers: { 'x-slack-signature': undefined } }))],
  [
    'without timestamp',
    'missing_signature',
    401,
    bytes(() => bytesOf({ headers: { 'x-slack-request-timestamp': undefined } })),
  ],
  [
    'of another secret',
    'invalid_signature',
    401,
    bytes(() => requestBytes(signRequest(pauseCommand(), { signingSecret: 'other' }))),
  ],
  [
    'tampered with',
    'invalid_signature',
    401,
    bytes(() => bytesOf({}, { ...right(), body: `${pauseCommand()}&text=x` })),
  ],
  ['with a newer timestamp than signed', 'invalid_signature', 401, bytes(() => newerTimestamp())],
  ['stale', 'stale_timestamp', 401, bytes(() => requestBytes(sign(pauseCommand(), nowSeconds() - 310)))],
  ['from the future', 'future_timestamp', 401, bytes(() => requestBytes(sign(pauseCommand(), nowSeconds() + 310)))],
  ['oversized by its header', 'too_large', 413, bytes(() => bytesOf({ headers: { 'content-length': '1048577' } }))],
  ['oversized by its body', 'too_large', 413, bytes(() => Buffer.concat([bytesOf(chunked, empty()), largeChunk]))],
  [
    'oversized in its headers',
    'too_large',
    431,
    bytes(() => bytesOf({ extraHeaderLines: [`x: ${'y'.repeat(20_000)}`] })),
  ],
  ['empty', 'malformed', 400, bytes(() => requestBytes(sign('')))],
  ['a payload that is no JSON', 'malformed', 400, bytes(() => requestBytes(pressOf('{"type":')))],
  ['a payload that is null', 'malformed', 400, bytes(() => requestBytes(pressOf('null')))],
  ['a press of nothing', 'unhandled', 404, bytes(() => requestBytes(pressOf('{"type":"block_actions"}')))],
  ['neither payload nor command', 'malformed', 400, bytes(() => requestBytes(sign('text=list')))],
  ['not UTF-8', 'malformed', 400, bytes(() => requestBytes(sign(Buffer.from('command=/sync&text=\xff', 'latin1'))))],
  [
    'signed twice',
    'malformed',
    400,
    bytes(() => bytesOf({ extraHeaderLines: [`X-Slack-Signature: v0=${'0'.repeat(64)}`] })),
  ],
  ['without host', 'malformed', 400, bytes(() => bytesOf({ headers: { host: undefined } }))],
  ['of two lengths', 'malformed', 400, bytes(() => bytesOf({ extraHeaderLines: ['transfer-encoding: chunked'] }))],
  [
    'of no good chunks',
    'malformed',
    400,
    bytes(() => Buffer.concat([bytesOf(chunked, empty()), Buffer.from('zz\r\n')])),
  ],
  ['no HTTP', 'malformed', 400, bytes(() => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')],
  ['more than is expected', 'malformed', 417, bytes(() => bytesOf({ extraHeaderLines: ['expect: a miracle'] }))],
  ['ended in the middle', 'malformed', 400, (client) => client.socket.end(half())],
  ['broken off in the middle', 'malformed', null, breakOff],
  ['to another path', 'wrong_path', 404, bytes(() => bytesOf({ requestLine: 'POST /slack/actions HTTP/1.1' }))],
  [
    'a look in passing',
    'wrong_method',
    405,
    bytes(() => bytesOf({ requestLine: 'GET /slack/events HTTP/1.1' }, empty())),
  ],
  ['through a tunnel', 'wrong_method', 405, bytes(() => 'CONNECT /slack/events HTTP/1.1\r\nhost: x\r\n\r\n')],
  ['of another type', 'wrong_content_type', 415, bytes(() => bytesOf({ headers: { 'content-type': 'text/plain' } }))],
  ['slow in its head', 'timeout', 408, bytes(() => 'POST /slack/events HTTP/1.1\r\nhost: x\r\nx-slack-')],
  ['slow in its body', 'timeout', 408, bytes(() => half())],
];

const largeChunk = Buffer.concat([Buffer.from('100001\r\n'), Buffer.alloc(0x10_00_01, 'a')]);
async function breakOff(client: RawClient): Promise<void> {
  client.write(bytesOf({ headers: { 'content-length': '9', expect: '100-continue' } }, empty()));
  expect(await client.response()).toMatchObject({ status: 100 });
  client.socket.resetAndDestroy();
}
const half = () => {
  const whole = requestBytes(right());
  return whole.subarray(0, whole.length - 5);
};
function newerTimestamp(): Buffer {
  const { headers, body } = sign(pauseCommand(), nowSeconds() - 310);
  return requestBytes({ headers: { ...headers, 'x-slack-request-timestamp': String(nowSeconds()) }, body });
}

const operations = () => harness.services.deps.operations.listRecent('orders', 10);

describe('a hostile request', () => {
  it.each(table)('that is %s is %s: %s, counted, and nothing is done', async (_what, reason, status, send) => {
    const { rejections: rejected, slack, bot } = harness;
    const before = { rejected: rejected.length, calls: slack.calls.length };
    using client = await connectRawClient(bot.port);
    await send(client);
    const answer = await client.response();
    expect(answer?.status ?? null).toBe(status);
    expect(answer?.body ?? '').toBe('');
    if (status !== null) await client.ended;
    await slack.waitFor(() => rejected.length > before.rejected);
    expect(rejected.slice(before.rejected)).toEqual([reason]);
    expect(await operations()).toEqual([]);
    expect(slack.calls).toHaveLength(before.calls);
  });

  it('of a reason is one line in the log, with how far the clocks differ, and without what was sent', () => {
    const lines = harness.logLines.filter(({ msg }) => msg === 'HTTP request rejected');
    const reasons = lines.map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual([...new Set(table.map(([, reason]) => reason))].toSorted());
    expect(Number(lines.find(({ reason }) => reason === 'stale_timestamp')?.['secondsAhead'])).toBeLessThan(-300);
    expect(lines.find(({ reason }) => reason === 'future_timestamp')).toMatchObject({
      hint: "check this machine's clock",
    });
    expect(JSON.stringify(harness.logLines)).not.toMatch(/pause\+orders|v0=|bot\.example/);
    expect(harness.logLines.filter(({ level }) => level >= 50)).toEqual([]);
  });

  it('that replays a right one: 200, and done once', async () => {
    const { rejections: rejected, slack, services: world, bot } = harness;
    await harness.runCommand('pause orders');
    const request = slack.requestUrl.sentRequests.at(-1);
    if (request === undefined) throw new Error('nothing sent');
    const [operation] = await operations();
    const before = { rejected: rejected.length, calls: slack.calls.length };
    using client = await connectRawClient(bot.port);
    client.write(requestBytes(request));
    expect(await client.response()).toMatchObject({ status: 200, body: '' });
    await slack.waitFor(() => harness.logLines.some(({ msg }) => msg === 'second delivery dropped'));
    expect(rejected).toHaveLength(before.rejected);
    expect(await operations()).toEqual([operation]);
    expect(slack.calls).toHaveLength(before.calls);
    expect(await world.deps.projects.read('orders')).toMatchObject({ version: 1 });
  });

  it('of another workspace, rightly signed: acked, refused to that person alone, counted', async () => {
    const { rejections: rejected, slack } = harness;
    const before = { rejected: rejected.length, operations: await operations() };
    const at = { user: 'U0EVE', channel: 'C0SYNC' };
    const value = `orders/${before.operations[0]?.id}`;
    expect((await slack.pressForged({ ...at, actionId: 'sync:v1:ok', value }).acked).kind).toBe('acked');
    expect(visibleText(await harness.waitForMessage('Only members', at))).not.toContain('orders');
    expect(rejected.slice(before.rejected)).toEqual(['other_team']);
    expect(await operations()).toEqual(before.operations);
  });
});
