import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  maxBodyBytes,
  type RequestHead,
  type VerifyResult,
  verifyHeaders,
  verifyRequest,
} from '../../../src/slack/receivers/http-verification.ts';
import { type SignedRequest, signRequest } from '../../fake-slack/request-signing.ts';

const signingSecret = 'a5f1c0de';
const nowSeconds = 1_763_812_800;
const now = nowSeconds * 1_000 + 999;
const command = 'command=%2Fsync&text=list&user_id=U1';

/** The head of a request as Node parses it. */
function requestHead(headers: Readonly<Record<string, string>>, overrides: Partial<RequestHead> = {}): RequestHead {
  const headersDistinct = Object.entries({ host: 'bot.example', ...headers }).map(([name, value]) => [name, [value]]);
  return {
    method: 'POST',
    url: '/slack/events',
    httpVersion: '1.1',
    headers: Object.fromEntries(headersDistinct),
    ...overrides,
  };
}

function verifyHeadAndBody(head: RequestHead, body: string | Buffer): VerifyResult {
  const rejection = verifyHeaders(head);
  if (rejection !== null) return { kind: 'rejected', rejection };
  return verifyRequest({ head, body: Buffer.from(body), signingSecret, now });
}

const verify = ({ headers, body }: SignedRequest<string | Buffer>, overrides: Partial<RequestHead> = {}) =>
  verifyHeadAndBody(requestHead(headers, overrides), body);

const signedCommand = (body = command, timestamp = nowSeconds) => signRequest(body, { signingSecret, timestamp });
const withContentType = (contentType: string, body = command) => {
  const { headers } = signedCommand(body);
  return { headers: { ...headers, 'content-type': contentType }, body };
};
const reasonOrKind = (result: VerifyResult) => (result.kind === 'rejected' ? result.rejection.reason : result.kind);

describe('An accepted request', () => {
  it.each([
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
    'Application/X-WWW-Form-URLEncoded;charset="UTF-8"',
    '  application/x-www-form-urlencoded ;',
  ])('may be a form of type %j; the result has the type as Bolt compares it.', (contentType) => {
    expect(verify(withContentType(contentType))).toEqual({
      kind: 'accepted',
      contentType: 'application/x-www-form-urlencoded',
    });
  });

  it('may be JSON, or a form with one payload.', () => {
    const event = withContentType('application/json; charset=utf-8', '{"type":"url_verification","challenge":"c"}');
    expect(verify(event)).toEqual({ kind: 'accepted', contentType: 'application/json' });
    expect(verify(signedCommand('payload=%7B%22type%22%3A%22block_actions%22%7D')).kind).toBe('accepted');
  });

  it.each(['/slack/events?team=1', 'http://bot.example/slack/events', '/slack/../slack/events'])(
    'may have the URL %s.',
    (url) => {
      expect(verify(signedCommand(), { url }).kind).toBe('accepted');
    },
  );
});

describe('A request is rejected', () => {
  it.each(['/', '/slack/events/', '/slack/Events', '//slack/events', '/slack%2Fevents', '*', 'http://[', ''])(
    'with 404 when its URL is %j.',
    (url) => {
      expect(verify(signedCommand(), { url })).toMatchObject({ rejection: { reason: 'wrong_path', status: 404 } });
    },
  );

  it.each(['GET', 'HEAD', 'PUT', 'OPTIONS', 'post'])('with 405 when its method is %s.', (method) => {
    expect(verify(signedCommand(), { method })).toMatchObject({ rejection: { reason: 'wrong_method', status: 405 } });
  });

  it.each([
    [-300, 'accepted'],
    [-301, 'stale_timestamp'],
    [300, 'accepted'],
    [301, 'future_timestamp'],
    [86_400, 'future_timestamp'],
  ])('when its timestamp is too far from the clock: %i s gives %s.', (secondsAhead, reason) => {
    const result = verify(signedCommand(command, nowSeconds + secondsAhead));
    expect(reasonOrKind(result)).toBe(reason);
    if (result.kind === 'rejected') expect(result.rejection).toEqual({ reason, status: 401, secondsAhead });
  });

  it.each([
    ['is empty', ''],
    ['has no fields', 'x'],
    ['has a payload that is not JSON', 'payload=%7B'],
    ['has the payload null', 'payload=null'],
    ['has a list as payload', 'payload=%5B%5D'],
    ['has a payload without a type', 'payload=%7B%7D'],
    ['has two payloads', 'payload=%7B%22type%22%3A%22a%22%7D&payload=%7B%22type%22%3A%22a%22%7D'],
    ['has two commands', 'command=%2Fsync&command=%2Fsync'],
    ['has an empty command', 'command='],
    ['is not UTF-8', Buffer.from('command=\xff', 'latin1')],
  ])('as malformed when its signed form %s.', (_what, body) => {
    const result = verify(signRequest<string | Buffer>(body, { signingSecret, timestamp: nowSeconds }));
    expect(result).toEqual({ kind: 'rejected', rejection: { reason: 'malformed', status: 400 } });
  });

  it.each(['', '{', 'null', '[]', '"x"', '{}', '{"type":1}'])('as malformed when its signed JSON is %j.', (body) => {
    expect(reasonOrKind(verify(withContentType('application/json', body)))).toBe('malformed');
  });

  it('as malformed when bytes that are not UTF-8 decode to the signed text.', () => {
    const { headers, body } = signedCommand('command=/sync&text=\ufffd');
    expect(verify({ headers, body }).kind).toBe('accepted');
    const otherBytes = Buffer.concat([Buffer.from('command=/sync&text='), Buffer.from([0xff])]);
    expect(reasonOrKind(verify({ headers, body: otherBytes }))).toBe('malformed');
  });

  it.each([
    ['wrong_content_type', { 'content-type': 'text/plain' }],
    ['too_large', { 'content-length': String(maxBodyBytes + 1) }],
    ['invalid_signature', { 'x-slack-signature': 'v0=' }],
    ['invalid_signature', { 'x-slack-signature': 'é'.repeat(67) }],
    ['malformed', { 'x-slack-request-timestamp': '' }],
    ['malformed', { 'x-slack-request-timestamp': `0${nowSeconds}` }],
    ['malformed', { 'x-slack-request-timestamp': `${nowSeconds}.0` }],
    ['malformed', { 'x-slack-request-timestamp': `-${nowSeconds}` }],
    ['malformed', { 'x-slack-request-timestamp': 'NaN' }],
  ])('as %s when it has the headers %j.', (reason, changedHeaders) => {
    const { headers, body } = signedCommand();
    expect(reasonOrKind(verify({ headers: { ...headers, ...changedHeaders }, body }))).toBe(reason);
  });

  it.each([
    ['wrong_content_type', 'content-type'],
    ['missing_signature', 'x-slack-signature'],
    ['missing_signature', 'x-slack-request-timestamp'],
    ['malformed', 'host'],
  ])('as %s when the header %s is missing, and as malformed when it is repeated.', (reason, name) => {
    const { headers, body } = signedCommand();
    const head = requestHead(headers);
    const value = head.headers[name]?.[0] ?? '';
    const reasonWith = (values: readonly string[] | undefined) =>
      reasonOrKind(verifyHeadAndBody({ ...head, headers: { ...head.headers, [name]: values } }, body));
    expect(reasonWith(undefined)).toBe(reason);
    expect(reasonWith([value, value])).toBe('malformed');
  });

  it('when anything follows the signature in its header.', () => {
    const { headers, body } = signedCommand();
    const changedHeaders = { ...headers, 'x-slack-signature': `${headers['x-slack-signature']}=x` };
    expect(reasonOrKind(verify({ headers: changedHeaders, body }))).toBe('invalid_signature');
  });

  it('as invalid_signature, not as stale, when an old request is not signed with the secret.', () => {
    const stale = signRequest(command, { signingSecret: 'other', timestamp: nowSeconds - 86_400 });
    expect(reasonOrKind(verify(stale))).toBe('invalid_signature');
  });

  it('when any byte of its body, signature or timestamp is changed.', () => {
    const mutation = fc.record({
      part: fc.constantFrom('body', 'signature', 'timestamp'),
      at: fc.nat(),
      inserted: fc.string({ maxLength: 3 }),
      deletedCount: fc.nat(3),
    });
    const bodies = fc.oneof(
      fc.string({ unit: 'binary' }).map((text) => `command=%2Fsync&text=${encodeURIComponent(text)}`),
      fc.object().map((rest) => `payload=${encodeURIComponent(JSON.stringify({ ...rest, type: 'block_actions' }))}`),
    );
    const property = fc.property(
      bodies,
      fc.integer({ min: -300, max: 300 }),
      mutation,
      (body, secondsAhead, { part, at, inserted, deletedCount }) => {
        const signed = signedCommand(body, nowSeconds + secondsAhead);
        expect(verify(signed).kind).toBe('accepted');
        const parts = {
          body,
          signature: signed.headers['x-slack-signature'] ?? '',
          timestamp: signed.headers['x-slack-request-timestamp'] ?? '',
        };
        const position = at % (parts[part].length + 1);
        const changed = parts[part].slice(0, position) + inserted + parts[part].slice(position + deletedCount);
        fc.pre(changed !== parts[part]);
        const mutated = { ...parts, [part]: changed };
        const headers = {
          ...signed.headers,
          'x-slack-signature': mutated.signature,
          'x-slack-request-timestamp': mutated.timestamp,
        };
        expect(verify({ headers, body: mutated.body }).kind).not.toBe('accepted');
      },
    );
    fc.assert(property, { numRuns: 1_000 });
  });

  it('when it is signed with another secret.', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (otherSecret) => {
        fc.pre(otherSecret !== signingSecret);
        const signed = signRequest(command, { signingSecret: otherSecret, timestamp: nowSeconds });
        expect(reasonOrKind(verify(signed))).toBe('invalid_signature');
      }),
    );
  });
});

it("Slack's check of the certificate needs no signature, and Bolt does not get it.", () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(verify({ headers, body: `ssl_check=1&${command}` })).toEqual({ kind: 'ssl_check' });
  expect(reasonOrKind(verify({ headers, body: `ssl_check=0&${command}` }))).toBe('missing_signature');
  expect(reasonOrKind(verify({ headers, body: `ssl_check=1&ssl_check=1&${command}` }))).toBe('missing_signature');
  const json = { 'content-type': 'application/json' };
  expect(reasonOrKind(verify({ headers: json, body: 'ssl_check=1' }))).toBe('missing_signature');
});
