import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maxBodyBytes,
  type RequestHead,
  type VerifyResult,
  verifyHeaders,
  verifyRequest,
} from '../../../src/slack/receivers/http-verification.ts';
import { ReplayCache } from '../../../src/slack/receivers/replay-cache.ts';
import { type SignedRequest, signRequest } from '../../fake-slack/request-signing.ts';

const signingSecret = 'a5f1c0de';
const seconds = 1_763_812_800;
const now = seconds * 1_000 + 999;
const command = 'command=%2Fsync&text=list&user_id=U1';

/** As Node has it. */
function requestHead(headers: Readonly<Record<string, string>>, overrides: Partial<RequestHead> = {}): RequestHead {
  const distinct = Object.entries({ host: 'bot.example', ...headers }).map(([name, value]) => [name, [value]]);
  return {
    method: 'POST',
    url: '/slack/events',
    httpVersion: '1.1',
    headers: Object.fromEntries(distinct),
    ...overrides,
  };
}

function verify(
  { headers, body }: SignedRequest<string | Buffer>,
  replays = new ReplayCache(),
  more: Partial<RequestHead> = {},
): VerifyResult {
  const head = requestHead(headers, more);
  const rejected = verifyHeaders(head);
  if (rejected !== null) return { kind: 'rejected', rejection: rejected };
  return verifyRequest({ head, body: Buffer.from(body), signingSecret, now, replayCache: replays });
}

const signedCommand = (body = command, timestamp = seconds) => signRequest(body, { signingSecret, timestamp });
const withContentType = (type: string, body = command) => {
  const { headers } = signedCommand(body);
  return { headers: { ...headers, 'content-type': type }, body };
};
const rejectionReason = (verdict: VerifyResult) =>
  verdict.kind === 'rejected' ? verdict.rejection.reason : verdict.kind;

describe('the guard', () => {
  it.each([
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
    'Application/X-WWW-Form-URLEncoded;charset="UTF-8"',
    '  application/x-www-form-urlencoded ;',
  ])('takes a form of the type %j, and names it as Bolt compares it', (type) => {
    expect(verify(withContentType(type))).toEqual({
      kind: 'accepted',
      contentType: 'application/x-www-form-urlencoded',
    });
  });

  it('takes JSON, and a press with one payload', () => {
    const event = withContentType('application/json; charset=utf-8', '{"type":"url_verification","challenge":"c"}');
    expect(verify(event)).toEqual({ kind: 'accepted', contentType: 'application/json' });
    expect(verify(signedCommand('payload=%7B%22type%22%3A%22block_actions%22%7D')).kind).toBe('accepted');
  });

  it.each(['/slack/events?team=1', 'http://bot.example/slack/events', '/slack/../slack/events'])('takes %s', (url) => {
    expect(verify(signedCommand(), new ReplayCache(), { url }).kind).toBe('accepted');
  });

  it.each(['/', '/slack/events/', '/slack/Events', '//slack/events', '/slack%2Fevents', '*', 'http://[', ''])(
    'knows no path %j',
    (url) => {
      expect(verify(signedCommand(), new ReplayCache(), { url })).toMatchObject({
        rejection: { reason: 'wrong_path', status: 404 },
      });
    },
  );

  it.each(['GET', 'HEAD', 'PUT', 'OPTIONS', 'post'])('takes no %s', (method) => {
    expect(verify(signedCommand(), new ReplayCache(), { method })).toMatchObject({
      rejection: { reason: 'wrong_method', status: 405 },
    });
  });

  it.each([
    [-300, 'accepted'],
    [-301, 'stale'],
    [300, 'accepted'],
    [301, 'future'],
    [86_400, 'future'],
  ])('a timestamp %i s off is %s', (skewSeconds, reason) => {
    const verdict = verify(signedCommand(command, seconds + skewSeconds));
    expect(rejectionReason(verdict)).toBe(reason);
    if (verdict.kind === 'rejected')
      expect(verdict.rejection).toEqual({ reason, status: 401, secondsAhead: skewSeconds });
  });

  it.each([
    ['empty', ''],
    ['no fields at all', 'x'],
    ['no payload that is JSON', 'payload=%7B'],
    ['null', 'payload=null'],
    ['a list', 'payload=%5B%5D'],
    ['an object without a type', 'payload=%7B%7D'],
    ['two payloads', 'payload=%7B%22type%22%3A%22a%22%7D&payload=%7B%22type%22%3A%22a%22%7D'],
    ['two commands', 'command=%2Fsync&command=%2Fsync'],
    ['an empty command', 'command='],
    ['bytes that are no UTF-8', Buffer.from('command=\xff', 'latin1')],
  ])('a signed body that is %s is malformed', (_what, body) => {
    const verdict = verify(signRequest<string | Buffer>(body, { signingSecret, timestamp: seconds }));
    expect(verdict).toEqual({ kind: 'rejected', rejection: { reason: 'malformed', status: 400 } });
  });

  it.each(['', '{', 'null', '[]', '"x"', '{}', '{"type":1}'])('a signed %j as JSON is malformed', (body) => {
    expect(rejectionReason(verify(withContentType('application/json', body)))).toBe('malformed');
  });

  it.each([
    ['wrong_type', { 'content-type': 'text/plain' }],
    ['oversized', { 'content-length': String(maxBodyBytes + 1) }],
    ['forged', { 'x-slack-signature': 'v0=' }],
    ['forged', { 'x-slack-signature': 'é'.repeat(67) }],
    ['malformed', { 'x-slack-request-timestamp': '' }],
    ['malformed', { 'x-slack-request-timestamp': `0${seconds}` }],
    ['malformed', { 'x-slack-request-timestamp': `${seconds}.0` }],
    ['malformed', { 'x-slack-request-timestamp': `-${seconds}` }],
    ['malformed', { 'x-slack-request-timestamp': 'NaN' }],
  ])('is %s with %j', (reason, headers) => {
    const { headers: validHeaders, body } = signedCommand();
    expect(rejectionReason(verify({ headers: { ...validHeaders, ...headers }, body }))).toBe(reason);
  });

  it.each([
    ['wrong_type', 'content-type'],
    ['unsigned', 'x-slack-signature'],
    ['unsigned', 'x-slack-request-timestamp'],
    ['malformed', 'host'],
  ])('is %s without %s; sent twice, one header makes it malformed', (reason, name) => {
    const { headers, body } = signedCommand();
    const head = requestHead(headers);
    const verifyHeaderValues = (values: readonly string[] | undefined) => {
      const changedHead = { ...head, headers: { ...head.headers, [name]: values } };
      const rejected = verifyHeaders(changedHead);
      if (rejected !== null) return rejected.reason;
      return rejectionReason(
        verifyRequest({
          head: changedHead,
          body: Buffer.from(body),
          signingSecret,
          now,
          replayCache: new ReplayCache(),
        }),
      );
    };
    const value = head.headers[name]?.[0] ?? '';
    expect(verifyHeaderValues(undefined)).toBe(reason);
    expect(verifyHeaderValues([value, value])).toBe('malformed');
  });

  it('lets a look at the certificate pass unsigned, and hands nothing on', () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(verify({ headers, body: `ssl_check=1&${command}` })).toEqual({ kind: 'ssl_check' });
    expect(rejectionReason(verify({ headers, body: `ssl_check=0&${command}` }))).toBe('unsigned');
    expect(rejectionReason(verify({ headers, body: `ssl_check=1&ssl_check=1&${command}` }))).toBe('unsigned');
    expect(rejectionReason(verify({ headers: { 'content-type': 'application/json' }, body: 'ssl_check=1' }))).toBe(
      'unsigned',
    );
  });

  it('answers a replay with 200, and remembers only what was right', () => {
    const replays = new ReplayCache();
    const { headers, body } = signedCommand();
    expect(rejectionReason(verify({ headers, body: `${body}x` }, replays))).toBe('forged');
    expect(verify({ headers, body }, replays).kind).toBe('accepted');
    expect(verify({ headers, body }, replays)).toMatchObject({ rejection: { reason: 'replayed', status: 200 } });
    expect(verify({ headers, body }, new ReplayCache()).kind).toBe('accepted');
  });

  it('accepts no mutation of a request that it accepts', () => {
    const part = fc.record({
      of: fc.constantFrom('body', 'signature', 'timestamp'),
      at: fc.nat(),
      text: fc.string({ maxLength: 3 }),
      drop: fc.nat(3),
    });
    const bodies = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => `command=%2Fsync&text=${encodeURIComponent(text)}`),
      fc.object().map((rest) => `payload=${encodeURIComponent(JSON.stringify({ ...rest, type: 'block_actions' }))}`),
    );
    const property = fc.property(
      bodies,
      fc.integer({ min: -300, max: 300 }),
      part,
      (body, off, { of, at, text, drop }) => {
        const validHeaders = signedCommand(body, seconds + off);
        expect(verify(validHeaders).kind).toBe('accepted');
        const texts = {
          body,
          signature: validHeaders.headers['x-slack-signature'] ?? '',
          timestamp: validHeaders.headers['x-slack-request-timestamp'] ?? '',
        };
        const position = at % (texts[of].length + 1);
        const mutated = { ...texts, [of]: texts[of].slice(0, position) + text + texts[of].slice(position + drop) };
        fc.pre(mutated[of] !== texts[of]);
        const headers = {
          ...validHeaders.headers,
          'x-slack-signature': mutated.signature,
          'x-slack-request-timestamp': mutated.timestamp,
        };
        expect(verify({ headers, body: mutated.body }).kind).not.toBe('accepted');
      },
    );
    fc.assert(property, { numRuns: 1_000 });
  });

  it('accepts nothing that another secret has signed', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (secret) => {
        fc.pre(secret !== signingSecret);
        expect(rejectionReason(verify(signRequest(command, { signingSecret: secret, timestamp: seconds })))).toBe(
          'forged',
        );
      }),
    );
  });
});
