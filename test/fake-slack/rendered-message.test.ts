import { expect, test } from 'vitest';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, postJson, sectionBlock } from './raw-client.ts';
import { buttonsOf, renderedText } from './rendered-message.ts';

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
    { ...sectionBlock('*orders* · Running'), accessory: buttonElement('Show', 'show') },
    { type: 'divider' },
    { type: 'context', elements: [{ type: 'mrkdwn', text: 'as of now' }] },
    rich,
    actionsBlock(buttonElement('Next', 'next')),
  ];
  const text = ['3 projects', '*orders* · Running', 'Show', 'as of now', 'by <@U0ALICE>', 'more', 'Next'].join('\n');
  expect(renderedText({ text: 'fallback', blocks })).toBe(text);
  expect(renderedText({ text: 'only this', blocks: [] })).toBe('only this');
});

test('buttonsOf is every button, beside sections too', () => {
  const styledButtons = { ...buttonElement('OK', 'ok', 'op1'), style: 'primary' };
  const blocks = [
    { ...sectionBlock('x'), accessory: buttonElement('Show', 'show') },
    { ...actionsBlock(styledButtons), block_id: 'b' },
  ];
  expect(buttonsOf({ blocks })).toMatchObject([
    { label: 'Show', actionId: 'show', value: 'v', style: undefined },
    { label: 'OK', actionId: 'ok', blockId: 'b', value: 'op1', style: 'primary' },
  ]);
});

test('Slack gives ids to blocks and elements that have none', async () => {
  await using slack = await FakeSlack.start();
  const buttonWithoutId = { type: 'button', text: { type: 'plain_text', text: 'OK' } };
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'x', blocks: [actionsBlock(buttonWithoutId)] });
  const [only] = slack.messagesVisibleTo('U0BOB', 'C0SYNC').flatMap(buttonsOf);
  expect(only?.label).toBe('OK');
  expect(only?.actionId).not.toBe('');
  expect(only?.blockId).not.toBe('');
});

test('messages are seen in order by those in the channel, and a view does not change afterwards', async () => {
  await using slack = await FakeSlack.start({ now: () => 1_800_000_000_000 });
  const { ts } = await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'one' });
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'two' });
  const before = slack.messagesVisibleTo('U0ALICE', 'C0SYNC');
  await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: 'uno' });
  expect(before.map((it) => it.text)).toEqual(['one', 'two']);
  expect(new Set(before.map((it) => it.ts)).size).toBe(2);
  expect(Object.isFrozen(before[0]?.versions)).toBe(true);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map((it) => it.text)).toEqual(['uno', 'two']);
  expect(slack.messagesVisibleTo('U0EVE', 'C0SYNC')).toEqual([]);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0OTHER')).toEqual([]);
});

test('somebody outside the channel sees only what is for them alone', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = slack.command({ user: 'U0CAROL', channel: 'C0SYNC', text: '' });
  slack.channel('C0SYNC').members.delete('U0CAROL');
  await postJson(responseUrl, { text: 'mine' });
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'ours' });
  expect(slack.messagesVisibleTo('U0CAROL', 'C0SYNC').map((it) => it.text)).toEqual(['mine']);
});

test('waitFor gives back the value, and treats a throw as not yet', async () => {
  await using slack = await FakeSlack.start();
  const pendingWait = slack.waitFor(() => {
    const [view] = slack.messagesVisibleTo('U0BOB', 'C0SYNC');
    expect(view?.text).toBe('here');
    return view;
  });
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'here' });
  expect((await pendingWait).text).toBe('here');
});

test('waitFor in vain says what everybody sees', async () => {
  await using slack = await FakeSlack.start();
  const dialog = { text: 'Pause?', blocks: [sectionBlock('Pause?'), actionsBlock(buttonElement('OK', 'ok'))] };
  await callApi(slack, 'chat.postEphemeral', { channel: 'C0SYNC', user: 'U0ALICE', ...dialog });
  await slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' }).acked;
  const waiting = slack.waitFor(() => false, { timeoutMs: 1, description: 'the impossible' });
  const message = await waiting.catch((error: Error) => error.message);
  expect(message).toContain('in vain for: the impossible');
  expect(message).toMatch(/#sync [\d.]+ \(only U0ALICE\): Pause\? \/ OK \[OK\]/);
  expect(message).toContain('U0BOB in C0SYNC: dispatch_failed');
  expect(message).toContain('chat.postEphemeral -> ok');
});

test('a test that asks for what is not there hears so', async () => {
  await using slack = await FakeSlack.start();
  expect(() => slack.channel('C0NONE')).toThrow('no channel C0NONE');
  expect(() => slack.user('U0NONE')).toThrow('no user U0NONE');
  expect(() => slack.group('S0NONE')).toThrow('no user group S0NONE');
  expect(() => slack.terminateSocket(0)).toThrow('no socket 0');
});

test('closing leaves nothing open', async () => {
  const slack = await FakeSlack.start();
  await slack[Symbol.asyncDispose]();
  await slack[Symbol.asyncDispose]();
  await expect(fetch(`${slack.apiUrl}auth.test`)).rejects.toThrow();
});
