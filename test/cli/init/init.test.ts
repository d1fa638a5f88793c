import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.ts';
import { sharedRedisUrl } from '../../support/test-redis.ts';
import { runCliInProcess } from '../cli-fixture.ts';
import { answerAll, questions, type RunningInit, startInitFixture } from './init-fixture.ts';

const template = readFileSync(new URL('../../../manifest.yml', import.meta.url), 'utf8');

test('Without a terminal init is one sentence and exit code 2.', async () => {
  const sentence = expect.stringMatching(/^syncbot init asks questions, so it needs a terminal\. .*\n$/);
  expect(await runCliInProcess(['init'])).toEqual({ exit: 2, out: '', err: sentence });
});

test('Init writes what the user answers, and shows no secret.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  const init = fixture.start({ LOG_LEVEL: 'trace' });
  await answerAll(init, slack);
  expect(await init.ended).toMatchObject({ exit: 0, out: expect.stringMatching(/^Next: run syncbot discover\./) });

  expect(parseEnv(await fixture.read('.env'))).toEqual({
    SLACK_COMMAND: '/sync-test',
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    REDIS_URL: sharedRedisUrl(),
  });
  expect(await fixture.modeOf('.env')).toBe('600');
  expect(await fixture.read('manifest.yml')).toBe(template.replace('- command: /sync\n', '- command: /sync-test\n'));
  expect(await fixture.read('syncbot.yml')).toMatchInlineSnapshot(`
    "# yaml-language-server: $schema=./node_modules/syncbot/syncbot.schema.json
    # Written by syncbot init. syncbot discover adds the projects.
    policy:
      operators: [U0ALICE, S0OPS] # who may change projects: user ids (U…) and user group ids (S…)
    defaults:
      channel: C0SYNC # where outcomes and alerts go
    projects: {}
    "
  `);
  expect(parseConfig(await fixture.read('syncbot.yml'), {})).toMatchObject({ kind: 'read' });

  const shown = init.shown();
  expect(shown).toContain('Slack accepts it: the bot is @sync in acme.\n');
  expect(shown).toContain('U0ALICE: alice.\nS0OPS: 2 members.\n');
  expect(shown).toContain('C0SYNC: the bot is a member.\n');
  expect(shown).toContain(
    'syncbot doctor fails on this Redis. REDIS_URL persistence: a restart loses all data: set appendonly yes. You can try',
  );
  for (const secret of [slack.botToken, slack.appToken, sharedRedisUrl()]) expect(shown).not.toContain(secret);
});

test('Each answer is checked at once, and a wrong one is asked again with the reason.', async () => {
  await using fixture = await startInitFixture({ users: [{ id: 'U0GONE', deleted: true }] });
  const { slack } = fixture;
  const init = fixture.start();
  await init.answer(questions.mode, '3');
  await init.answer('Write 1 or 2.', '1');
  await init.answer(questions.command, 'Sync');
  await init.answer('SLACK_COMMAND', '/sync');
  await init.answer(questions.botToken, slack.appToken);
  await init.answer('SLACK_BOT_TOKEN holds a token of another kind', 'xoxb-wrong');
  await init.answer('Slack rejects the token (invalid_auth): check that SLACK_BOT_TOKEN', slack.botToken);
  await init.answer(questions.appToken, 'xapp-wrong');
  await init.answer('Slack rejects the token (invalid_auth): check that SLACK_APP_TOKEN', slack.appToken);
  await init.answer(questions.redis, 'http://:hush@x');
  await init.answer('REDIS_URL', 'redis://:hush@127.0.0.1:1/2');
  await init.answer('REDIS_URL refuses the connection', sharedRedisUrl());
  await init.answer(questions.operators, 'alice');
  await init.answer('policy.operators[0] is not the id of a user', 'U0ALICE U0NOWHERE');
  await init.answer('U0NOWHERE: Slack returns user_not_found', 'U0GONE');
  await init.answer('is deactivated', slack.botUserId);
  await init.answer('is a bot', 'U0ALICE');
  await init.answer(questions.channel, '#sync');
  await init.answer('defaults.channel is not the id of a channel', 'C0OTHER');
  await init.type('the bot is not a member', '');
  slack.channel('C0OTHER').members.add(slack.botUserId);
  await init.answer(questions.channel, 'C0OTHER');
  expect(await init.ended).toMatchObject({ exit: 0 });
  expect(await fixture.read('syncbot.yml')).toContain('channel: C0OTHER');
  expect(init.shown()).toContain('The address is 127.0.0.1:1/2.');
  expect(init.shown()).not.toMatch(/hush|wrong/);
});

test('After Ctrl-C the next init suggests the accepted answers.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  const first = fixture.start();
  await first.answer(questions.mode, '');
  await first.answer(questions.command, '/move');
  await first.answer(questions.botToken, slack.botToken);
  expect(await fixture.read('manifest.yml')).toContain('- command: /move\n');
  await first.type(questions.appToken, 'xapp-half\u0003');
  expect(await first.ended).toMatchObject({
    exit: 1,
    err: expect.stringMatching(/Stopped\. What is in .* run syncbot init again\.\n$/),
  });
  expect(parseEnv(await fixture.read('.env'))).toEqual({ SLACK_COMMAND: '/move', SLACK_BOT_TOKEN: slack.botToken });

  const second = fixture.start();
  await second.answer(questions.mayChangeEnv, '');
  await second.answer(questions.mode, '');
  await second.answer('Slash command [/move]', '');
  await second.answer('manifest.yml is right already.', '');
  await second.answer(questions.appToken, slack.appToken);
  await second.answer('host:6379, not shown [Enter: redis://127.0.0.1:6379]: ', sharedRedisUrl());
  await second.answer(questions.operators, 'U0ALICE');
  await second.answer(questions.channel, 'none');
  expect(await second.ended).toMatchObject({ exit: 0 });
  expect(second.shown()).not.toContain('Create the Slack app now');
  expect(await fixture.read('syncbot.yml')).not.toContain('channel');
});

test('Ctrl-C ends init also during a check.', async () => {
  await using fixture = await startInitFixture();
  const fault = fixture.slack.injectFault({ method: 'auth.test', hang: true });
  const init = fixture.start();
  await init.answer(questions.mode, '');
  await init.answer(questions.command, '');
  await init.answer(questions.botToken, fixture.slack.botToken);
  await fault.firstHit;
  await init.type('', '\u0003');
  expect(await init.ended).toMatchObject({ exit: 1 });
  fault.release();
});

test('The arrow keys show no earlier answer, and what is typed ahead is not shown.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  const init = fixture.start();
  await init.answer(questions.mode, '');
  await init.answer(questions.command, '');
  await init.answer(questions.botToken, slack.botToken);
  await init.answer(questions.appToken, slack.appToken);
  await init.type(questions.redis, `${sharedRedisUrl()}\rxapp-ahead`);
  // The arrow up.
  await init.answer(questions.operators, '\u001b[A');
  await init.type('An answer is needed.', '\u0003');
  expect(await init.ended).toMatchObject({ exit: 1 });
  expect(init.shown()).not.toMatch(/xoxb-strict|xapp-(strict|ahead)|redis:\/\/127\.0\.0\.1:(?!6379)/);
});

test('Existing files are kept: .env with its other lines, a changed manifest, and syncbot.yml.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  // The bot token is of another kind. `init` does not ask for the port.
  const env = `# mine\nOTHER='a # b'\nPORT=none\nSLACK_BOT_TOKEN=xapp-swapped\nexport SLACK_APP_TOKEN=${slack.appToken}\nSLACK_SIGNING_SECRET=x\nREDIS_URL=${sharedRedisUrl()}\n`;
  await fixture.write('.env', env);
  await fixture.write('manifest.yml', 'mine: true\n');
  await fixture.write('syncbot.yml', 'policy: { operators: [U0BOB] }\nprojects: {}\n');

  const refused = fixture.start();
  await refused.answer(questions.mayChangeEnv, 'nein');
  await refused.answer(questions.mayChangeEnv, 'n');
  expect(await refused.ended).toMatchObject({ exit: 1, out: '' });
  expect(await fixture.read('.env')).toBe(env);

  const init = fixture.start();
  await init.answer(questions.mayChangeEnv, 'y');
  await init.answer(questions.mode, '');
  await init.answer(questions.command, '');
  await init.answer(questions.mayReplace, '');
  await init.type('Check that it has the command /sync, and socket_mode_enabled: true.', '');
  await init.answer(questions.botToken, slack.botToken);
  await init.answer(questions.appToken, '');
  await init.answer('host:6379, not shown [Enter: keep what is set]: ', '');
  await init.answer('Copy member ID) [U0BOB]: ', '');
  await init.answer('or none [none]: ', '');
  expect(await init.ended).toMatchObject({ exit: 0 });
  expect(init.shown()).toContain('syncbot.yml has these answers already.');
  expect(init.shown()).not.toContain('needs an app-level token');
  expect(await fixture.read('syncbot.yml')).toBe('policy: { operators: [U0BOB] }\nprojects: {}\n');
  expect(await fixture.read('manifest.yml')).toBe('mine: true\n');
  expect(await fixture.read('.env')).toBe(
    `${env.replace('export ', '').replace('xapp-swapped', slack.botToken)}SLACK_COMMAND=/sync\n`,
  );
  expect(await fixture.modeOf('.env')).toBe('600');
});

test('A second init changes operators and channel in syncbot.yml, and names the lines that it cannot change.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  const env = { SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken, REDIS_URL: sharedRedisUrl() };
  const project = 'projects: { orders: { links: [{ queue: orders }] } } # ours\n';
  await fixture.write('syncbot.yml', `policy:\n  operators: [U0GONE] # who\n${project}`);
  const keepOthers = async (init: RunningInit) => {
    const kept = [questions.mode, questions.command, questions.botToken, questions.appToken, questions.redis];
    for (const question of kept) await init.answer(question, '');
  };
  const first = fixture.start(env);
  await keepOthers(first);
  await first.answer('Copy member ID) [U0GONE]: ', 'U0NOWHERE');
  await first.answer('U0NOWHERE: Slack returns user_not_found', 'U0ALICE');
  await first.answer('or none [none]: ', 'C0SYNC');
  expect(await first.ended).toMatchObject({ exit: 0, out: expect.stringMatching(/^Next: run syncbot apply\./) });
  const changed = `policy:\n  operators: [U0ALICE] # who\n${project}defaults:\n  channel: C0SYNC\n`;
  expect(await fixture.read('syncbot.yml')).toBe(changed);

  const second = fixture.start(env);
  await second.answer(questions.mayChangeEnv, '');
  await keepOthers(second);
  await second.answer('Copy member ID) [U0ALICE]: ', 'U0BOB');
  await second.answer('or none [C0SYNC]: ', 'none');
  expect((await second.ended).err).toContain(
    'Write there:\npolicy:\n  operators: [U0BOB] # who may change projects: user ids (U…) and user group ids (S…)\nRemove defaults.channel there.\n',
  );
  expect(await fixture.read('syncbot.yml')).toBe(changed);
});

test('In HTTP mode init asks for the address and the signing secret, and removes the app token.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  await fixture.write('.env', `SLACK_APP_TOKEN=${slack.appToken}\n`);
  await fixture.write('syncbot.yml', 'defaults: { channel: C0SYNC }\nprojects: {}\n');
  const init = fixture.start();
  await init.answer(questions.mayChangeEnv, 'y');
  await init.answer(questions.mode, '2');
  await init.answer(questions.url, 'http://bot.example.com');
  await init.answer('Write an address such as', 'https://bot.example.com/');
  await init.answer(questions.command, '');
  await init.answer(questions.botToken, slack.botToken);
  await init.answer(questions.signingSecret, 'short');
  await init.answer(questions.useAnyway, 'n');
  await init.answer(questions.signingSecret, `'${slack.signingSecret}'`);
  await init.type('Write SLACK_SIGNING_SECRET without quotes.', '');
  await init.answer(questions.signingSecret, slack.signingSecret);
  await init.answer(questions.redis, sharedRedisUrl());
  await init.answer('Copy member ID): ', 'U0ALICE');
  await init.answer('or none [C0SYNC]: ', '');
  expect(await init.ended).toMatchObject({ exit: 0 });
  expect(await fixture.read('syncbot.yml')).toBe(
    'defaults: { channel: C0SYNC }\nprojects: {}\npolicy:\n  operators: [U0ALICE]\n',
  );
  expect(await fixture.read('manifest.yml')).toContain('request_url: https://bot.example.com/slack/events\n');
  const env = parseEnv(await fixture.read('.env'));
  expect(env).toMatchObject({ SLACK_SIGNING_SECRET: slack.signingSecret });
  expect(env).not.toHaveProperty('SLACK_APP_TOKEN');
  expect(init.shown()).not.toContain(slack.signingSecret);

  const again = fixture.start();
  await again.answer(questions.mayChangeEnv, '');
  await again.answer('Choose [2]', '');
  await again.answer(
    `${questions.url} at which Slack reaches this bot [https://bot.example.com/slack/events]`,
    '\u0003',
  );
  await again.ended;
  expect(init.shown()).toContain('press “Retry” on the page “Event Subscriptions”');
});

test('After another mode, init replaces its own manifest and names what to change in Slack.', async () => {
  await using fixture = await startInitFixture();
  const { slack } = fixture;
  const env = { SLACK_BOT_TOKEN: slack.botToken, SLACK_SIGNING_SECRET: slack.signingSecret };
  const http = fixture.start(env);
  await http.answer('Choose [2]', '');
  await http.answer(questions.url, 'https://bot.example.com');
  await http.answer(questions.command, '/move');
  await http.type('Change the Slack app now:', '');
  await http.type('press “Retry” on the page “Event Subscriptions”', '\u0003');
  expect(await http.ended).toMatchObject({ exit: 1 });

  const socket = fixture.start(env);
  await socket.answer(questions.mayChangeEnv, '');
  await socket.answer('Choose [2]', '1');
  await socket.answer('Slash command [/move]', '');
  await socket.type('manifest.yml was written.', '');
  await socket.type('then the page “App Manifest”', '');
  await socket.type('Socket Mode also needs an app-level token', '');
  await socket.type(questions.botToken, '\u0003');
  expect(await socket.ended).toMatchObject({ exit: 1 });
  expect(await fixture.read('manifest.yml')).toBe(template.replace('- command: /sync\n', '- command: /move\n'));
});

test('Without a Slack that answers, and without scopes, the user decides.', async () => {
  await using fixture = await startInitFixture({ scopes: ['commands', 'chat:write'] });
  const { slack } = fixture;
  const init = fixture.start({ REDIS_URL: 'redis://127.0.0.1:6379' });
  await init.answer(questions.mode, '');
  await init.answer(questions.command, '');
  slack.injectFault({ method: 'auth.test', dropRequest: true, times: 1 });
  await init.answer(questions.botToken, slack.botToken);
  await init.answer('Slack could not be reached', '');
  await init.answer(questions.botToken, slack.botToken);
  await init.answer(questions.appToken, slack.appToken);
  await init.answer('host:6379, not shown [Enter: redis://127.0.0.1:6379]: ', sharedRedisUrl());
  await init.answer(questions.operators, 'U0ALICE');
  await init.answer('the bot token has no scope to check this', '');
  await init.answer(questions.operators, 'U0ALICE');
  await init.answer(questions.useAnyway, 'y');
  await init.answer(questions.channel, 'C0SYNC');
  await init.answer(questions.useAnyway, 'yes');
  expect(await init.ended).toMatchObject({ exit: 0 });
  expect(init.shown()).toContain('acme. Channels:read is not granted, so changes from public channels are refused');
});

test.each([
  ['another value', ''],
  ['the old value of .env', 'SLACK_COMMAND=/other\n'],
])('A variable that the shell sets to %s is named, because it wins.', async (_name, env) => {
  await using fixture = await startInitFixture();
  await fixture.write('.env', env);
  const init = fixture.start({ SLACK_COMMAND: '/other' });
  if (env !== '') await init.answer(questions.mayChangeEnv, '');
  await answerAll(init, fixture.slack);
  expect((await init.ended).err).toContain('Your shell sets another value of SLACK_COMMAND.');
});

test('After a wrong answer the suggestion is still the one before it.', async () => {
  await using fixture = await startInitFixture();
  await fixture.write(
    'manifest.yml',
    'settings: { interactivity: { request_url: "https://example.com/bot/slack/events" } }\n',
  );
  const init = fixture.start();
  await init.answer('Choose [2]', '3');
  await init.answer('Choose [2]', '');
  await init.answer('this bot [https://example.com/bot/slack/events]', 'example');
  await init.answer('this bot [https://example.com/bot/slack/events]', '');
  await init.answer('Slash command [/sync]', 'Sync');
  await init.answer('Slash command [/sync]', '');
  await init.answer(questions.mayReplace, 'y');
  await init.type(questions.botToken, '\u0003');
  expect(await init.ended).toMatchObject({ exit: 1 });
  expect(await fixture.read('.env')).toBe('SLACK_COMMAND=/sync\n');
  expect(await fixture.read('manifest.yml')).toContain('request_url: https://example.com/bot/slack/events\n');
});

test('Without an address in the request_url of the manifest, init suggests none.', async () => {
  await using fixture = await startInitFixture();
  await fixture.write('manifest.yml', 'settings: { interactivity: { request_url: later } }\n');
  const init = fixture.start();
  await init.answer('Choose [2]', '');
  await init.type(`${questions.url} at which Slack reaches this bot: `, '\u0003');
  expect(await init.ended).toMatchObject({ exit: 1 });
});

test('The suggested mode is the one that run would use: Socket Mode with an app token, whatever the manifest is.', async () => {
  await using fixture = await startInitFixture();
  await fixture.write(
    'manifest.yml',
    'settings: { interactivity: { request_url: "https://bot.example.com/slack/events" } }\n',
  );
  const init = fixture.start({ SLACK_APP_TOKEN: 'xapp-1', SLACK_SIGNING_SECRET: 'x' });
  await init.type('Choose [1]', '\u0003');
  expect(await init.ended).toMatchObject({ exit: 1 });
});

test.each([
  ['read', 'manifest.yml', 'manifest.yml'],
  ['written', '.env', '.env.new'],
])('A file that cannot be %s is named.', async (verb, name, blocked) => {
  await using fixture = await startInitFixture();
  await mkdir(join(fixture.folder, blocked));
  const init = fixture.start();
  if (verb === 'written') {
    await init.answer(questions.mode, '');
    await init.answer(questions.command, '');
  }
  const message = `${join(fixture.folder, name)} cannot be ${verb} (EISDIR).\n`;
  expect(await init.ended).toMatchObject({ exit: 1, err: expect.stringContaining(message) });
});

test('In a checkout of syncbot init asks before it replaces the template of the manifest.', async () => {
  await using fixture = await startInitFixture();
  await fixture.write('manifest.yml', template);
  const init = fixture.start({}, { packageFolder: pathToFileURL(`${fixture.folder}/`) });
  await init.answer(questions.mode, '');
  await init.answer(questions.command, '/move');
  await init.type(questions.mayReplace, '\u0003');
  expect(await init.ended).toMatchObject({ exit: 1 });
});
