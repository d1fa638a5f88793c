import { describe, expect, it } from 'vitest';
import { createLogger, type Logger } from '../../src/logging/logger.ts';
import { serializeError } from '../../src/logging/serialize-error.ts';
import { boltLogger } from '../../src/slack/bolt-logger.ts';
import { secretFragments, secrets } from './secrets.ts';

/** Returns the one line that `write` logs, at the level trace. */
function logOutput(write: (log: Logger) => void): string {
  const lines: string[] = [];
  write(createLogger({ level: 'trace', to: { write: (line) => void lines.push(line) } }));
  expect(lines).toHaveLength(1);
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String), level: expect.any(String) });
  return lines.join('');
}

function expectNoSecrets(text: string): void {
  for (const fragment of secretFragments) expect(text).not.toContain(fragment);
}

/** An error as ioredis and Node throw it, with address and command in its properties. */
function connectionError(message: string): Error {
  return Object.assign(new Error(message), {
    errno: -111,
    code: 'ECONNREFUSED',
    address: secrets.ip,
    port: 6379,
    hostname: secrets.host,
    command: { name: 'auth', args: ['bot', 'hush-password'] },
  });
}

const messages: readonly string[] = [
  ...Object.values(secrets).map((secret) => `it failed at ${secret} just now`),
  `connect ECONNREFUSED ${secrets.ip}:6379`,
  `getaddrinfo ENOTFOUND ${secrets.host}`,
  `getaddrinfo EAI_AGAIN ${secrets.host}`,
  `connect ENOENT /var/run/hush.sock`,
  `Hostname/IP does not match certificate's altnames: Host: ${secrets.host}. is not in the cert's altnames: DNS:${secrets.host}`,
  `MOVED 866 ${secrets.hostPort}`,
  `WRONGTYPE "hush"\nhush in the second line`,
  `Unexpected token 'h', ..."assword": hush, "x": "y"}" is not valid JSON`,
  'ERR invalid password=hush for user',
  'Authorization: Bearer hush',
  `token=${secrets.botToken}&cookie=${secrets.cookie}`,
  `_${secrets.botToken}`,
  `x${secrets.responseUrl}`,
].filter((message) => message !== `it failed at ${secrets.host} just now`);

describe.each(messages)('%s', (message) => {
  const error = connectionError(message);
  it.each<[string, (log: Logger) => void]>([
    ['an error', (log) => log.error({ error }, 'it failed')],
    ['an error called err', (log) => log.error({ err: error }, 'it failed')],
    ['an error under another name', (log) => log.error({ failure: error }, 'it failed')],
    ['an error in place of fields', (log) => log.error(error, 'it failed')],
    ['an error and no message', (log) => log.error({ err: error })],
    ['an error as the only argument', (log) => log.error(error)],
    ['an error deep in a field', (log) => log.error({ deep: { list: [error] } }, 'it failed')],
    ['the cause of an error', (log) => log.error({ error: new Error('no', { cause: error }) }, 'it failed')],
    ['the causes of an error', (log) => log.error({ error: new AggregateError([error], 'all failed') }, 'it failed')],
    ['a serialized error', (log) => log.warn({ error: serializeError(error) }, 'it failed')],
    [
      'the cause of a serialized error',
      (log) => log.warn({ error: serializeError(new Error('no', { cause: error })) }, 'it failed'),
    ],
    ["a warning of Slack's library", (log) => boltLogger(log).warn('failed', error, message)],
    ["an error of Slack's library", (log) => boltLogger(log).error(error)],
  ])('is not in the line of %s', (_what, write) => {
    expectNoSecrets(logOutput(write));
  });
});

describe('secrets', () => {
  it.each(Object.entries(secrets))('The secret %s is removed from fields.', (name, secret) => {
    if (name === 'host') return;
    expectNoSecrets(logOutput((log) => log.info({ about: secret, deep: { list: [secret] } }, 'a constant sentence')));
  });

  it.each([
    'token',
    'botToken',
    'bot_token',
    'password',
    'Authorization',
    'x-slack-signature',
    'Cookie',
    'set-cookie',
    'response_url',
    'trigger_id',
    'headers',
    'body',
    'payload',
    'data',
    'args',
    'host',
    'hostname',
    'address',
    'email',
  ])('A field called %s is redacted at any depth.', (name) => {
    const fields = { [name]: 'hush', a: { [name]: { b: 'hush' }, c: [{ d: { [name]: ['hush'] } }] } };
    expectNoSecrets(logOutput((log) => log.info(fields, 'a constant sentence')));
    expect(logOutput((log) => log.info({ [name]: 'hush' }, 'x'))).toContain('[redacted]');
  });

  it.each<[string, (log: Logger) => void]>([
    ['a message', (log) => log.info({}, `at ${secrets.responseUrl}`)],
    ['a message with a placeholder', (log) => log.info({}, 'at %s', secrets.responseUrl)],
    ['a message without fields', (log) => log.info(secrets.botToken)],
    ['bytes', (log) => log.info({ bytes: Buffer.from('hush') }, 'x')],
    ['headers', (log) => log.info({ sent: new Headers({ authorization: 'Bearer hush' }) }, 'x')],
    ['a URL', (log) => log.info({ at: new URL(secrets.redisUrl) }, 'x')],
    ['a map', (log) => log.info({ map: new Map([['a', 'hush']]) }, 'x')],
    ['a field name', (log) => log.info({ [secrets.botToken]: 1 }, 'x')],
    ['a bound field', (log) => log.child({ token: 'hush' }).info({}, 'x')],
    ['an object with toJSON', (log) => log.info({ x: { toJSON: () => ({ password: 'hush' }) } }, 'x')],
  ])('A secret in %s is removed.', (_what, write) => {
    const line = logOutput(write);
    expectNoSecrets(line);
    expect(line).not.toContain('104,117,115,104');
  });
});

it('The logger accepts a circular object.', () => {
  const circular: Record<string, unknown> = { name: 'loop' };
  circular['self'] = circular;
  expect(logOutput((log) => log.info({ circular }, 'x'))).toContain('loop');
});

it('Fields and errors without secrets are logged unchanged.', () => {
  const fields = {
    project: 'orders',
    operationId: 'a1b2',
    links: 3,
    code: 'not_operator',
    user: 'U0ALICE',
    nothing: null,
  };
  expect(
    JSON.parse(logOutput((log) => log.child({ role: 'bot', version: '1.2.3' }).info(fields, 'a sentence'))),
  ).toMatchObject({ ...fields, role: 'bot', version: '1.2.3', msg: 'a sentence', level: 'info' });
  const error = new Error('row 17 refused');
  for (const loggedError of [error, serializeError(error)]) {
    const line = JSON.parse(logOutput((log) => log.error({ error: loggedError }, 'x')));
    expect(line).toMatchObject({ error: { name: 'Error', message: 'row 17 refused' } });
    expect(line.error.stack).toMatch(/^at .*redaction\.test\.ts:\d+:\d+\)?$/m);
  }
});
