import { expect, test } from 'vitest';
import { buttonsOf, textOf } from '../support/slack/eyes.ts';
import { StrictSlack } from '../support/slack/strict-slack.ts';
import { actions, button, call, postTo, section } from './raw-client.ts';

test('textOf is all the text in the order of the page', () => {
  const rich = {
    type: 'rich_text',
    elements: [
      {
        type: 'rich_text_section',
        elements: [
          { type: 'text', text: 'by ' },
          { type: 'user', user_id: 'U0ALICE' },
        ],
      },
      { type: 'rich_text_section', elements: [{ type: 'link', url: 'https://a.example', text: 'more' }] },
    ],
  };
  const blocks = [
    { type: 'header', text: { type: 'plain_text', text: '3 projects' } },
    { ...section('*orders* · Running'), accessory: button('Show', 'show') },
    { type: 'divider' },
    { type: 'context', elements: [{ type: 'mrkdwn', text: 'as of now' }] },
    rich,
    actions(button('Next', 'next')),
  ];
  const text = ['3 projects', '*orders* · Running', 'Show', 'as of now', 'by <@U0ALICE>', 'more', 'Next'].join('\n');
  expect(textOf({ text: 'fallback', blocks })).toBe(text);
  expect(textOf({ text: 'only this', blocks: [] })).toBe('only this');
});

test('buttonsOf is every button, beside sections too', () => {
  const styled = { ...button('OK', 'ok', 'op1'), style: 'primary' };
  const blocks = [
    { ...section('x'), accessory: button('Show', 'show') },
    { ...actions(styled), block_id: 'b' },
  ];
  expect(buttonsOf({ blocks })).toMatchObject([
    { label: 'Show', actionId: 'show', value: 'v', style: undefined },
    { label: 'OK', actionId: 'ok', blockId: 'b', value: 'op1', style: 'primary' },
  ]);
});

test('Slack gives ids to blocks and elements that have none', async () => {
  await using slack = await StrictSlack.start();
  const nameless = { type: 'button', text: { type: 'plain_text', text: 'OK' } };
  await call(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'x', blocks: [actions(nameless)] });
  const [only] = slack.messagesSeenBy('U0BOB', 'C0SYNC').flatMap(buttonsOf);
  expect(only?.label).toBe('OK');
  expect(only?.actionId).not.toBe('');
  expect(only?.blockId).not.toBe('');
});

test('messages are seen in order by those in the channel, and a view does not change afterwards', async () => {
  await using slack = await StrictSlack.start({ now: () => 1_800_000_000_000 });
  const { ts } = await call(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'one' });
  await call(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'two' });
  const before = slack.messagesSeenBy('U0ALICE', 'C0SYNC');
  await call(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: 'uno' });
  expect(before.map((it) => it.text)).toEqual(['one', 'two']);
  expect(new Set(before.map((it) => it.ts)).size).toBe(2);
  expect(Object.isFrozen(before[0]?.history)).toBe(true);
  expect(slack.messagesSeenBy('U0ALICE', 'C0SYNC').map((it) => it.text)).toEqual(['uno', 'two']);
  expect(slack.messagesSeenBy('U0EVE', 'C0SYNC')).toEqual([]);
  expect(slack.messagesSeenBy('U0ALICE', 'C0OTHER')).toEqual([]);
});

test('somebody outside the channel sees only what is for them alone', async () => {
  await using slack = await StrictSlack.start();
  const { responseUrl } = slack.command({ user: 'U0CAROL', channel: 'C0SYNC', text: '' });
  slack.channel('C0SYNC').members.delete('U0CAROL');
  await postTo(responseUrl, { text: 'mine' });
  await call(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'ours' });
  expect(slack.messagesSeenBy('U0CAROL', 'C0SYNC').map((it) => it.text)).toEqual(['mine']);
});

test('waitFor gives back the value, and treats a throw as not yet', async () => {
  await using slack = await StrictSlack.start();
  const waiting = slack.waitFor(() => {
    const [view] = slack.messagesSeenBy('U0BOB', 'C0SYNC');
    expect(view?.text).toBe('here');
    return view;
  });
  await call(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'here' });
  expect((await waiting).text).toBe('here');
});

test('waitFor in vain says what everybody sees', async () => {
  await using slack = await StrictSlack.start();
  const dialog = { text: 'Pause?', blocks: [section('Pause?'), actions(button('OK', 'ok'))] };
  await call(slack, 'chat.postEphemeral', { channel: 'C0SYNC', user: 'U0ALICE', ...dialog });
  await slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' }).acked;
  const waiting = slack.waitFor(() => false, { timeoutMs: 1, what: 'the impossible' });
  const message = await waiting.catch((error: Error) => error.message);
  expect(message).toContain('in vain for: the impossible');
  expect(message).toMatch(/#sync [\d.]+ \(only U0ALICE\): Pause\? \/ OK \[OK\]/);
  expect(message).toContain('U0BOB in C0SYNC: dispatch_failed');
  expect(message).toContain('chat.postEphemeral -> ok');
});

test('a test that asks for what is not there hears so', async () => {
  await using slack = await StrictSlack.start();
  expect(() => slack.channel('C0NONE')).toThrow('no channel C0NONE');
  expect(() => slack.user('U0NONE')).toThrow('no user U0NONE');
  expect(() => slack.group('S0NONE')).toThrow('no user group S0NONE');
  expect(() => slack.cut(0)).toThrow('no socket 0');
});

test('closing leaves nothing open', async () => {
  const slack = await StrictSlack.start();
  await slack[Symbol.asyncDispose]();
  await slack[Symbol.asyncDispose]();
  await expect(fetch(`${slack.apiUrl}auth.test`)).rejects.toThrow();
});
