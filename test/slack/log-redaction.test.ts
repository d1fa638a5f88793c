import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText as redact } from '../../src/logging/redact.ts';
import { serializeError } from '../../src/logging/serialize-error.ts';

const randomWord = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const digits = '0123456789';

/** A secret, and the part of it that gives it away: `Q` stands in no text around it. */
const secretText = randomWord(letters, 12, 30).map((text) => `Q${text}`);
const tokenSecret = fc
  .tuple(fc.constantFrom('xoxb', 'xoxp', 'xoxe.xoxb', 'xapp', 'xoxd', 'XOXB'), secretText)
  .map(([kind, secret]) => ({ text: `${kind}-1-${secret}`, secret }));
const urlSecret = fc
  .tuple(
    fc.constantFrom('https://hooks.slack.com/', 'http://127.0.0.1:3000/', 'wss://a.b/?t=', 'redis://:'),
    secretText,
  )
  .map(([begin, secret]) => ({ text: `${begin}${secret}`, secret }));
const triggerIdSecret = fc
  .tuple(randomWord(digits, 9, 13), randomWord(digits, 9, 13), randomWord('0123456789abcdef', 16, 40))
  .map((parts) => ({ text: parts.join('.'), secret: parts.join('.') }));
const emailSecret = secretText.map((secret) => ({ text: ` ${secret}@example.com `, secret }));
const ipSecret = fc.ipV4().map((host) => ({ text: ` ${host}:6379 `, secret: ` ${host}` }));
const secretPiece = fc.oneof(tokenSecret, urlSecret, triggerIdSecret, emailSecret, ipSecret);
const noiseText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('"', "'", ' ', '=', '{', '}', '\n', '/', '_', 'a', '7', ': '),
);
const noiseWithoutSecrets = noiseText.filter((text) => !text.includes('Q'));

describe('redact', () => {
  it('leaves no secret in a text, whatever stands around it (property)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(noiseWithoutSecrets, secretPiece, noiseWithoutSecrets), { maxLength: 8 }),
        (pieces) => {
          const text = pieces.map(([before, { text: inner }, after]) => `${before}${inner}${after}`).join(' ');
          const redacted = redact(text);
          for (const [, { secret }] of pieces) expect(redacted).not.toContain(secret);
          expect(redacted.length).toBeLessThanOrEqual(2_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('leaves nothing more to redact (property)', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            noiseWithoutSecrets,
            secretPiece.map(({ text }) => text),
          ),
          { maxLength: 12 },
        ),
        (pieces) => {
          const redactedOnce = redact(pieces.join(''));
          expect(redact(redactedOnce)).toBe(redactedOnce);
        },
      ),
    );
  });

  it('leaves a text without secrets as it is (property)', () => {
    const harmlessText = fc
      .array(randomWord(letters.replace(/[xX]/g, ''), 1, 8), { maxLength: 12 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(harmlessText, (text) => {
        fc.pre(!/\bE[A-Z]{5,}\b|basic|bearer/i.test(text));
        expect(redact(text)).toBe(text);
      }),
    );
  });

  it('cuts a long text, and what the limit cuts in two with it', () => {
    expect(redact('a '.repeat(5_000))).toHaveLength(2_000);
    expect(redact(`${'a '.repeat(996)}13345224609.738474920.8088930838d88f008e0`)).not.toContain('738474920');
  });
});

it('a fault is told with what it was and where, not with what it quotes or carries', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:6379'), {
    code: 'ECONNREFUSED',
    address: '10.0.0.7',
  });
  const serializedError = serializeError(new TypeError('no "hush" in\nhush', { cause }));
  expect(serializedError).toMatchObject({
    name: 'TypeError',
    message: 'no ‹value› in',
    cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED ‹host›' },
  });
  expect(JSON.stringify(serializedError)).not.toMatch(/hush|10\.0\.0\.7/);
  expect(serializedError.stack).toMatch(/log-redaction\.test\.ts:\d+/);
});

it.each([
  ['has no text', Object.create(null), { name: 'no error', message: 'object' }],
  ['is an object with a code', { code: 'ECONNREFUSED' }, { name: 'no error', code: 'ECONNREFUSED' }],
])('a fault whose cause %s is told all the same', (_what, cause: unknown, told) => {
  expect(serializeError(new Error('no', { cause }))).toMatchObject({ name: 'Error', message: 'no', cause: told });
});
