import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText } from '../../src/logging/redact.ts';
import { serializeError } from '../../src/logging/serialize-error.ts';

const randomWord = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const digits = '0123456789';

/** Secrets start with `Q`, which no text around them contains. */
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

describe('redactText', () => {
  it('removes every secret from any text (property)', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(noiseWithoutSecrets, secretPiece, noiseWithoutSecrets), { maxLength: 8 }),
        (pieces) => {
          const text = pieces.map(([before, secret, after]) => `${before}${secret.text}${after}`).join(' ');
          const redacted = redactText(text);
          for (const [, { secret }] of pieces) expect(redacted).not.toContain(secret);
          expect(redacted.length).toBeLessThanOrEqual(2_000);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('changes nothing at a second call (property)', () => {
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
          const redactedOnce = redactText(pieces.join(''));
          expect(redactText(redactedOnce)).toBe(redactedOnce);
        },
      ),
    );
  });

  it('does not change a text without secrets (property)', () => {
    const harmlessText = fc
      .array(randomWord(letters.replace(/[xX]/g, ''), 1, 8), { maxLength: 12 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(harmlessText, (text) => {
        fc.pre(!/\bE[A-Z]{5,}\b|basic|bearer/i.test(text));
        expect(redactText(text)).toBe(text);
      }),
    );
  });

  it('truncates a long text, and removes a secret that the limit cuts in two', () => {
    expect(redactText('a '.repeat(5_000))).toHaveLength(2_000);
    expect(redactText(`${'a '.repeat(996)}13345224609.738474920.8088930838d88f008e0`)).not.toContain('738474920');
  });
});

it('A serialized error has its name, code and stack, and none of its quoted values and properties.', () => {
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
  ['cannot be converted to text', Object.create(null), { name: 'no error', message: 'object' }],
  ['is an object with a code', { code: 'ECONNREFUSED' }, { name: 'no error', code: 'ECONNREFUSED' }],
])('An error is serialized when its cause %s.', (_what, cause: unknown, serializedCause) => {
  expect(serializeError(new Error('no', { cause }))).toMatchObject({
    name: 'Error',
    message: 'no',
    cause: serializedCause,
  });
});
