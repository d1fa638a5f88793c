import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { environmentVariables, parseEnvironment, validateSlackEnvironment } from '../../src/config/environment.ts';
import { formatEnvironmentError } from '../../src/config/errors.ts';

function parseValid(env: Record<string, string>) {
  const parsed = parseEnvironment(env);
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.errors));
  return parsed.environment;
}

describe('the environment', () => {
  test('has the documented defaults, and an empty variable counts as not set', () => {
    const { secrets, ...rest } = parseValid({ PORT: '', SLACK_BOT_TOKEN: ' ' });
    expect(rest).toEqual({
      command: '/sync',
      slackApiUrl: null,
      port: 3_000,
      host: null,
      configPath: 'syncbot.yml',
      keyPrefix: 'syncbot',
      adminPort: null,
      adminHost: null,
      logLevel: null,
    });
    expect(secrets.redis).toEqual({ kind: 'standalone', url: 'redis://127.0.0.1:6379' });
    expect(secrets.slackBotToken).toBeNull();
  });

  test('reports every error at once, with variable and hint, and quotes no value', () => {
    const parsed = parseEnvironment({
      SLACK_BOT_TOKEN: 'xapp-hush',
      SLACK_APP_TOKEN: 'xoxb-hush',
      SLACK_API_URL: 'hush',
      SLACK_COMMAND: 'hush',
      PORT: 'hush',
      HOST: 'http://hush',
      ADMIN_PORT: '70000',
      ADMIN_HOST: '[hush]',
      LOG_LEVEL: 'hush',
      REDIS_URL: 'redis://u:hush@',
    });
    const errors = parsed.kind === 'refused' ? parsed.errors : [];
    expect(errors.map(({ name }) => name).sort()).toEqual([
      'ADMIN_HOST',
      'ADMIN_PORT',
      'HOST',
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

  test('never prints its secrets', () => {
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
  ])('reports what the bot lacks to connect to Slack: %j', (env, missing) => {
    expect(validateSlackEnvironment(parseValid(env)).map(({ name }) => name)).toEqual(missing);
  });

  test('names both transports in one line if neither is set', () => {
    const [error] = validateSlackEnvironment(parseValid({ SLACK_BOT_TOKEN: 'xoxb-1' }));
    const line = error === undefined ? '' : formatEnvironmentError(error);
    expect(line).toMatch(/SLACK_APP_TOKEN .*SLACK_SIGNING_SECRET.*Socket Mode.*HTTP/);
    expect(line).not.toContain('\n');
  });

  test('refuses a token as signing secret', () => {
    for (const SLACK_SIGNING_SECRET of ['xoxb-1', 'xapp-1']) {
      expect(parseEnvironment({ SLACK_SIGNING_SECRET })).toMatchObject({
        kind: 'refused',
        errors: [{ name: 'SLACK_SIGNING_SECRET', message: 'holds a token of another kind' }],
      });
    }
  });

  test.each(['https://syncbot:hush@audit.example.com', 'https://hush@audit.example.com'])(
    'refuses an audit webhook with credentials, to which no request can be sent: %s',
    (AUDIT_WEBHOOK_URL) => {
      const parsed = parseEnvironment({ AUDIT_WEBHOOK_URL, AUDIT_WEBHOOK_SECRET: `whsec_${'A'.repeat(32)}` });
      expect(parsed).toMatchObject({ kind: 'refused', errors: [{ name: 'AUDIT_WEBHOOK_URL' }] });
      expect(JSON.stringify(parsed)).not.toContain('hush');
    },
  );

  test('never throws', () => {
    const variable = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
    const env = fc.record({ REDIS_URL: variable, PORT: variable, SLACK_COMMAND: variable, SLACK_API_URL: variable });
    fc.assert(fc.property(env, (raw) => ['read', 'refused'].includes(parseEnvironment(raw).kind)));
  });

  test.each([
    [{ PORT: '9090', ADMIN_PORT: '9090' }, ['ADMIN_PORT']],
    [{ PORT: '0', ADMIN_PORT: '0' }, []],
    [{ PORT: '9090', ADMIN_PORT: '9090', SLACK_APP_TOKEN: 'xapp-1' }, []],
    [{ PORT: '9090', ADMIN_PORT: '9090', ADMIN_HOST: '127.0.0.1' }, ['ADMIN_PORT']],
    [{ PORT: '9090', ADMIN_PORT: '9090', HOST: '127.0.0.1' }, ['ADMIN_PORT']],
    [{ PORT: '9090', ADMIN_PORT: '9090', HOST: '127.0.0.1', ADMIN_HOST: '127.0.0.1' }, ['ADMIN_PORT']],
    [{ PORT: '9090', ADMIN_PORT: '9090', HOST: '10.0.0.1', ADMIN_HOST: '127.0.0.1' }, []],
  ])('requires different ports for HTTP mode and the admin server: %j', (ports, errors) => {
    const env = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 'secret', ...ports };
    expect(validateSlackEnvironment(parseValid(env)).map(({ name }) => name)).toEqual(errors);
  });

  test.each(['127.0.0.1', '::1', '::', 'localhost', 'bot.internal'])('accepts the host %s', (host) => {
    expect(parseValid({ HOST: host, ADMIN_HOST: ` ${host} ` })).toMatchObject({ host, adminHost: host });
  });

  test.each(['[::1]', '127.0.0.1:80', 'http://a', 'a b', '-a', 'a/b'])('refuses the host %s', (host) => {
    expect(parseEnvironment({ HOST: host })).toMatchObject({ kind: 'refused', errors: [{ name: 'HOST' }] });
  });

  test.each([
    ['PORT', '0', true],
    ['PORT', ' 65535 ', true],
    ['PORT', '65536', false],
    ['PORT', '-1', false],
    ['PORT', '80a', false],
    ['PORT', 'a80', false],
    ['PORT', '8e3', false],
    ['SLACK_BOT_TOKEN', ' xoxb-1 ', true],
    ['SLACK_BOT_TOKEN', 'own-format', true],
    ['SLACK_BOT_TOKEN', 'xoxp-1', false],
    ['SLACK_BOT_TOKEN', 'xoxb-1 2', false],
    ['SLACK_BOT_TOKEN', 'xoxb-ä', false],
    ['SLACK_APP_TOKEN', 'xapp-1', true],
    ['SLACK_APP_TOKEN', 'xoxa-1', false],
    ['SLACK_SIGNING_SECRET', 'a-xoxb-1', true],
    ['SLACK_API_URL', ' https://slack.example/api/ ', true],
    ['SLACK_API_URL', 'HTTP://slack.example', true],
    ['SLACK_API_URL', 'ftp://slack.example', false],
    ['SLACK_API_URL', 'ftp://https://slack.example', false],
    ['SLACK_API_URL', 'x https://slack.example', false],
    ['SLACK_API_URL', 'https://', false],
    ['SLACK_COMMAND', ' /my_sync-2 ', true],
    ['SLACK_COMMAND', `/${'x'.repeat(31)}`, true],
    ['SLACK_COMMAND', `/${'x'.repeat(32)}`, false],
    ['SLACK_COMMAND', '/', false],
    ['SLACK_COMMAND', '/Sync', false],
    ['SLACK_COMMAND', '//sync', false],
    ['LOG_LEVEL', ' DEBUG ', true],
    ['LOG_LEVEL', 'silent', true],
    ['LOG_LEVEL', 'verbose', false],
    ['HOST', 'a', true],
    ['HOST', 'a-', false],
    ['REDIS_URL', ' redis://h ', true],
  ])('with %s=%s is accepted: %s', (name, value, isAccepted) => {
    expect(parseEnvironment({ [name]: value }).kind).toBe(isAccepted ? 'read' : 'refused');
  });

  test('is read without spaces around the values', () => {
    const environment = parseValid({
      SLACK_BOT_TOKEN: ' xoxb-1 ',
      SLACK_APP_TOKEN: ' xapp-1 ',
      SLACK_SIGNING_SECRET: ' secret ',
      SLACK_API_URL: ' https://slack.example/ ',
      SLACK_COMMAND: ' /deploy ',
      PORT: ' 8080 ',
      HOST: ' h ',
      SYNCBOT_CONFIG: 'other.yml',
      ADMIN_PORT: ' 9090 ',
      ADMIN_HOST: ' a ',
      LOG_LEVEL: ' Debug ',
      REDIS_URL: ' redis://h/1 ',
    });
    const { secrets, ...rest } = environment;
    expect(rest).toEqual({
      command: '/deploy',
      slackApiUrl: 'https://slack.example/',
      port: 8_080,
      host: 'h',
      configPath: 'other.yml',
      keyPrefix: 'syncbot',
      adminPort: 9_090,
      adminHost: 'a',
      logLevel: 'debug',
    });
    expect({ ...secrets }).toEqual({
      redis: { kind: 'standalone', url: 'redis://h/1' },
      slackBotToken: 'xoxb-1',
      slackAppToken: 'xapp-1',
      slackSigningSecret: 'secret',
      auditWebhook: null,
      openTelemetry: null,
    });
    expect([JSON.stringify(secrets), inspect(secrets)]).toEqual(['"[secret]"', '[secret]']);
    expect(Object.isFrozen(secrets)).toBe(true);
  });

  test('has a hint and a description for each variable, and the defaults', () => {
    expect(environmentVariables.every(({ hint, description }) => hint !== '' && description !== '')).toBe(true);
    const defaults = environmentVariables.flatMap(({ name, defaultValue }) =>
      defaultValue === null ? [] : [`${name}=${defaultValue}`],
    );
    expect(defaults.sort()).toEqual([
      'PORT=3000',
      'REDIS_URL=redis://127.0.0.1:6379',
      'SLACK_COMMAND=/sync',
      'SYNCBOT_CONFIG=syncbot.yml',
      'SYNCBOT_PREFIX=syncbot',
    ]);
  });
});

test.each(['syncbot-staging', ' sync_2 '])('SYNCBOT_PREFIX may be %j', (value) => {
  expect(parseValid({ SYNCBOT_PREFIX: value })).toMatchObject({ keyPrefix: value.trim() });
});

test.each(['{syncbot}', 'sync:bot', 'Sync', '-sync', 's'.repeat(64)])('SYNCBOT_PREFIX may not be %j', (value) => {
  expect(parseEnvironment({ SYNCBOT_PREFIX: value })).toMatchObject({
    kind: 'refused',
    errors: [{ name: 'SYNCBOT_PREFIX', hint: expect.stringContaining('"_"') }],
  });
});
