import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseEnvironment, validateSlackEnvironment } from '../../src/config/environment.ts';
import { formatEnvironmentError } from '../../src/config/errors.ts';
import { parseRedisUrl, redisIdentity } from '../../src/config/redis-url.ts';

function parseValid(env: Record<string, string>) {
  const parsed = parseEnvironment(env);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
  return parsed.environment;
}

describe('the environment', () => {
  test('has the defaults of the contract; a variable set to nothing counts as not set', () => {
    const { secrets, ...rest } = parseValid({ PORT: '', SLACK_BOT_TOKEN: ' ' });
    expect(rest).toEqual({
      command: '/sync',
      slackApiUrl: null,
      port: 3_000,
      configPath: 'syncbot.yml',
      adminPort: null,
      logLevel: null,
    });
    expect(secrets.redis).toEqual({ kind: 'standalone', url: 'redis://127.0.0.1:6379' });
    expect(secrets.slackBotToken).toBeNull();
  });

  test('names every fault at once, with the variable and a hint, and quotes no value', () => {
    const parsed = parseEnvironment({
      SLACK_BOT_TOKEN: 'xapp-hush',
      SLACK_APP_TOKEN: 'xoxb-hush',
      SLACK_API_URL: 'hush',
      SLACK_COMMAND: 'hush',
      PORT: 'hush',
      ADMIN_PORT: '70000',
      LOG_LEVEL: 'hush',
      REDIS_URL: 'redis://u:hush@',
    });
    const errors = parsed.kind === 'refused' ? parsed.errors : [];
    expect(errors.map(({ name }) => name).sort()).toEqual([
      'ADMIN_PORT',
      'LOG_LEVEL',
      'PORT',
      'REDIS_URL',
      'SLACK_API_URL',
      'SLACK_APP_TOKEN',
      'SLACK_BOT_TOKEN',
      'SLACK_COMMAND',
    ]);
    expect(errors.every(({ message, hint }) => message !== '' && hint !== '')).toBe(true);
    expect(JSON.stringify(errors)).not.toContain('hush');
  });

  test('keeps its secrets apart: they print as one word', () => {
    const environment = parseValid({
      SLACK_BOT_TOKEN: 'xoxb-1',
      SLACK_SIGNING_SECRET: 's',
      REDIS_URL: 'redis://:xoxb-1@h',
    });
    expect(environment.secrets.slackBotToken).toBe('xoxb-1');
    expect(`${JSON.stringify(environment)}${inspect(environment)}`).not.toContain('xoxb');
    expect(Object.isFrozen(environment)).toBe(true);
  });

  test.each([
    [{}, ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN']],
    [{ SLACK_BOT_TOKEN: 'xoxb-1' }, ['SLACK_APP_TOKEN']],
    [{ SLACK_SIGNING_SECRET: 'abc' }, ['SLACK_BOT_TOKEN']],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1' }, []],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 'abc' }, []],
    [{ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1', SLACK_SIGNING_SECRET: 'abc' }, []],
  ])('says what the bot misses to talk to Slack: %j', (env, missing) => {
    expect(validateSlackEnvironment(parseValid(env)).map(({ name }) => name)).toEqual(missing);
  });

  test('names both ways in one sentence when neither is set', () => {
    const [error] = validateSlackEnvironment(parseValid({ SLACK_BOT_TOKEN: 'xoxb-1' }));
    const line = error === undefined ? '' : formatEnvironmentError(error);
    expect(line).toMatch(/SLACK_APP_TOKEN .*SLACK_SIGNING_SECRET.*Socket Mode.*HTTP/);
    expect(line).not.toContain('\n');
  });

  test('a token is no signing secret', () => {
    for (const SLACK_SIGNING_SECRET of ['xoxb-1', 'xapp-1']) {
      expect(parseEnvironment({ SLACK_SIGNING_SECRET })).toMatchObject({
        kind: 'refused',
        errors: [{ name: 'SLACK_SIGNING_SECRET', message: 'is a token of another kind' }],
      });
    }
  });

  test('never crashes', () => {
    const variable = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
    const env = fc.record({ REDIS_URL: variable, PORT: variable, SLACK_COMMAND: variable, SLACK_API_URL: variable });
    fc.assert(fc.property(env, (raw) => ['read', 'refused'].includes(parseEnvironment(raw).kind)));
  });

  test.each([
    [{ PORT: '9090', ADMIN_PORT: '9090' }, ['ADMIN_PORT']],
    [{ PORT: '0', ADMIN_PORT: '0' }, []],
    [{ PORT: '9090', ADMIN_PORT: '9090', SLACK_APP_TOKEN: 'xapp-1' }, []],
  ])('HTTP mode and figures need ports of their own: %j', (ports, errors) => {
    const env = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 'secret', ...ports };
    expect(validateSlackEnvironment(parseValid(env)).map(({ name }) => name)).toEqual(errors);
  });
});

describe('the address of a Redis', () => {
  test.each([
    ['redis://h', { kind: 'standalone', url: 'redis://h' }],
    ['rediss://u:p%40@[::1]:6380/3', { kind: 'standalone', url: 'rediss://u:p%40@[::1]:6380/3' }],
    [
      'redis+sentinel://u:p%2Fw@a:1,b/main/2',
      {
        kind: 'sentinel',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 26_379 },
        ],
        master: 'main',
        db: 2,
        username: 'u',
        password: 'p/w',
      },
    ],
    ['redis+sentinel://a/main', { kind: 'sentinel', nodes: [{ host: 'a', port: 26_379 }], master: 'main', db: 0 }],
    [
      'redis+cluster://:pw@a:1,[::1]:2',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: '::1', port: 2 },
        ],
        password: 'pw',
      },
    ],
  ])('%s', (text, target) => {
    expect(parseRedisUrl(text)).toEqual({ kind: 'parsed', endpoint: target });
  });

  test.each([
    '',
    'h:6379',
    'http://h',
    'redis://',
    'redis://:6379',
    'redis://h/x',
    'redis://h:99999',
    'redis://h?a=1',
    'redis+sentinel://a:1',
    'redis+sentinel://a:1/',
    'redis+sentinel://a:1/m/x',
    'redis+sentinel://,/m',
    'redis+cluster://',
    'redis+cluster://a:1/2',
    'redis+cluster://a:0',
    'redis+cluster://%zz@a',
    'redis://u%zz@h',
  ])('is not %s', (text) => {
    expect(parseRedisUrl(text)).toMatchObject({ kind: 'refused', message: expect.stringMatching(/\S/) });
  });

  test('tells the same database from another, whatever the password', () => {
    const identity = (text: string) => {
      const parsed = parseRedisUrl(text);
      return parsed.kind === 'parsed' ? redisIdentity(parsed.endpoint) : text;
    };
    expect(identity('redis://u:p@Host:6379/0')).toBe(identity('rediss://host'));
    expect(identity('redis://localhost')).toBe(identity('redis://127.0.0.1:6379'));
    expect(identity('redis+cluster://a:1,b:2')).toBe(identity('redis+cluster://b:2,a:1'));
    expect(identity('redis://host/1')).not.toBe(identity('redis://host/2'));
    expect(identity('redis+sentinel://a/x')).not.toBe(identity('redis+sentinel://a/y'));
  });
});
