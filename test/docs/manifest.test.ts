import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createManifest, isUnchangedManifest, readRequestUrl, requestPath } from '../../src/cli/init/manifest.ts';
import { parseEnvironment } from '../../src/config/environment.ts';
import { messageShortcutId } from '../../src/slack/action-ids.ts';
import { slackPath } from '../../src/slack/receivers/http-verification.ts';
import { optionalScopes } from '../../src/slack/scopes.ts';
import { defaultScopes } from '../fake-slack/options.ts';
import { type Manifest, manifestErrors, manifestSchema } from './manifest-schema.ts';
import { applyDiff, blocksOf, readPage } from './pages.ts';

const text = readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8');

test('manifest.yml is within the limits that Slack publishes', () => {
  expect(manifestErrors(manifestSchema.parse(parse(text)))).toEqual([]);
});

test('the descriptions of manifest.yml are short enough for a phone', () => {
  const { display_information: displayInformation, features } = manifestSchema.parse(parse(text));
  expect(displayInformation.description?.length).toBeLessThanOrEqual(140);
  for (const { description } of features.slash_commands) expect(description.length).toBeLessThanOrEqual(100);
});

test('the command of manifest.yml is the default of SLACK_COMMAND', () => {
  const read = parseEnvironment({});
  const command = read.kind === 'read' ? read.environment.command : '';
  expect(manifestSchema.parse(parse(text)).features.slash_commands.map((it) => it.command)).toEqual([command]);
});

test('the scopes of manifest.yml are those that the fake Slack grants in every test', () => {
  const { bot } = manifestSchema.parse(parse(text)).oauth_config.scopes;
  expect([...bot].sort()).toEqual([...defaultScopes].sort());
});

test('the optional scopes of manifest.yml are also in the list of all scopes, as Slack wants them', () => {
  const { bot, bot_optional: optional } = manifestSchema.parse(parse(text)).oauth_config.scopes;
  expect(bot).toEqual(expect.arrayContaining(optional));
  expect(optional).toEqual(optionalScopes.map(({ scope }) => scope));
});

test('the message shortcut and the events of manifest.yml have listeners', () => {
  const { features, settings } = manifestSchema.parse(parse(text));
  expect(features.shortcuts.map((it) => it.callback_id)).toEqual([messageShortcutId]);
  expect(settings.event_subscriptions.bot_events).toEqual(['app_mention', 'app_home_opened']);
});

test('the HTTP mode edits of docs/set-up-in-slack.md make a valid manifest', () => {
  const edits = blocksOf(readPage('docs/set-up-in-slack.md'), 'diff').map(({ text: diff }) => diff);
  const edited = edits.reduce(applyDiff, text);
  expect(edited).not.toBe(text);
  const manifest = manifestSchema.parse(parse(edited));
  expect(manifestErrors(manifest)).toEqual([]);
  expect(manifest.settings.socket_mode_enabled).toBe(false);
  const url = 'https://syncbot.example.com/slack/events';
  expect(manifest.settings.interactivity.request_url).toBe(url);
  expect(manifest.settings.event_subscriptions.request_url).toBe(url);
  expect(manifest.features.slash_commands.map((it) => it.url)).toEqual([url]);
});

describe('the manifest that syncbot init writes', () => {
  const url = `https://syncbot.example.com${slackPath}`;

  test('for /sync and Socket Mode is manifest.yml', () => {
    expect(createManifest(text, '/sync', { kind: 'socket' })).toBe(text);
    expect(readRequestUrl(text)).toBeNull();
  });

  test('for HTTP mode has the edits of docs/set-up-in-slack.md, and another command', () => {
    const edits = blocksOf(readPage('docs/set-up-in-slack.md'), 'diff').map(({ text: diff }) => diff);
    const edited = edits.reduce(applyDiff, text).replace('- command: /sync\n', '- command: /move\n');
    const created = createManifest(text, '/move', { kind: 'http', url });
    expect(parse(created)).toEqual(parse(edited));
    expect(created).toContain('SLACK_SIGNING_SECRET');
    expect(created).not.toContain('SLACK_APP_TOKEN');
    expect(readRequestUrl(created)).toBe(url);
  });

  test.each([
    ['another mode and command are recognized', (it: string) => it, true],
    ['a changed line is not', (it: string) => it.replace('always_online: true', 'always_online: false'), false],
    ['a text that is no manifest is not', () => 'mine: true', false],
    ['a text that is no YAML is not', () => '{', false],
  ])('%s', (_name, change, expected) => {
    for (const mode of [{ kind: 'socket' } as const, { kind: 'http', url } as const])
      expect(isUnchangedManifest(text, change(createManifest(text, '/move', mode)))).toBe(expected);
  });

  test('has the path at which the bot listens', () => {
    expect(requestPath).toBe(slackPath);
  });
});

describe('the schema refuses', () => {
  const invalidChanges: readonly [string, (manifest: Manifest) => unknown][] = [
    ['a name of 36 characters', (it) => Object.assign(it.display_information, { name: 'n'.repeat(36) })],
    ['a description of 141', (it) => Object.assign(it.display_information, { description: 'd'.repeat(141) })],
    ['a command without a slash', (it) => Object.assign(it.features.slash_commands[0] ?? {}, { command: 'sync' })],
    [
      'a command of 33 characters',
      (it) => Object.assign(it.features.slash_commands[0] ?? {}, { command: `/${'s'.repeat(32)}` }),
    ],
    [
      'a usage hint of 1001',
      (it) => Object.assign(it.features.slash_commands[0] ?? {}, { usage_hint: 'u'.repeat(1_001) }),
    ],
    ['a display name of 81', (it) => Object.assign(it.features.bot_user, { display_name: 'b'.repeat(81) })],
    ['an unknown key', (it) => Object.assign(it.settings, { socket_mode: true })],
    ['a request URL that is not https', (it) => Object.assign(it.settings.interactivity, { request_url: 'http://x' })],
  ];
  test.each(invalidChanges)('%s', (_what, invalidate) => {
    const manifest = manifestSchema.parse(parse(text));
    invalidate(manifest);
    expect(manifestSchema.safeParse(manifest).success).toBe(false);
  });
});
