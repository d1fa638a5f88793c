import { expect, test } from 'vitest';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, postJson, sectionBlock } from './raw-client.ts';
import { buttonsOf, renderedText } from './rendered-message.ts';

test('renderedText returns all text in the order of the blocks.', () => {
  const blocks = [
    { ...sectionBlock('*orders* · Running'), accessory: buttonElement('Show', 'show') },
    { type: 'context', elements: [{ type: 'mrkdwn', text: 'as of now' }] },
    actionsBlock(buttonElement('Previous', 'previous'), buttonElement('Next', 'next')),
  ];
  const text = ['*orders* · Running', 'Show', 'as of now', 'Previous', 'Next'].join('\n');
  expect(renderedText({ text: 'fallback', blocks })).toBe(text);
  expect(renderedText({ text: 'only this', blocks: [] })).toBe('only this');
});

test('buttonsOf returns every button, those beside sections included.', () => {
  const styledButton = { ...buttonElement('OK', 'ok', 'op1'), style: 'primary' };
  const blocks = [
    { ...sectionBlock('x'), accessory: buttonElement('Show', 'show') },
    { ...actionsBlock(styledButton), block_id: 'b' },
  ];
  expect(buttonsOf({ blocks })).toMatchObject([
    { label: 'Show', actionId: 'show', value: 'v', style: undefined },
    { label: 'OK', actionId: 'ok', blockId: 'b', value: 'op1', style: 'primary' },
  ]);
});

test('Slack adds ids to blocks and buttons that have none.', async () => {
  await using slack = await FakeSlack.start();
  const buttonWithoutId = { type: 'button', text: { type: 'plain_text', text: 'OK' } };
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'x', blocks: [actionsBlock(buttonWithoutId)] });
  const [only] = slack.messagesVisibleTo('U0BOB', 'C0SYNC').flatMap(buttonsOf);
  expect(only?.label).toBe('OK');
  expect(only?.actionId).not.toBe('');
  expect(only?.blockId).not.toBe('');
});

test('Members see the messages in order, and a view does not change afterwards.', async () => {
  await using slack = await FakeSlack.start({ now: () => 1_800_000_000_000 });
  const { ts } = await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'one' });
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'two' });
  const before = slack.messagesVisibleTo('U0ALICE', 'C0SYNC');
  await callApi(slack, 'chat.update', { channel: 'C0SYNC', ts: String(ts), text: 'uno' });
  expect(before.map(({ text }) => text)).toEqual(['one', 'two']);
  expect(new Set(before.map(({ ts }) => ts)).size).toBe(2);
  expect(Object.isFrozen(before[0]?.versions)).toBe(true);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ text }) => text)).toEqual(['uno', 'two']);
  expect(slack.messagesVisibleTo('U0EVE', 'C0SYNC')).toEqual([]);
  expect(slack.messagesVisibleTo('U0ALICE', 'C0OTHER')).toEqual([]);
});

test('A user who is not a member sees only their ephemeral messages.', async () => {
  await using slack = await FakeSlack.start();
  const { responseUrl } = slack.command({ user: 'U0CAROL', channel: 'C0SYNC', text: '' });
  slack.channel('C0SYNC').members.delete('U0CAROL');
  await postJson(responseUrl, { text: 'mine' });
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'ours' });
  expect(slack.messagesVisibleTo('U0CAROL', 'C0SYNC').map(({ text }) => text)).toEqual(['mine']);
});

test('waitFor returns the value of the condition, and a condition that throws is not met yet.', async () => {
  await using slack = await FakeSlack.start();
  const pendingWait = slack.waitFor(() => {
    const [view] = slack.messagesVisibleTo('U0BOB', 'C0SYNC');
    expect(view?.text).toBe('here');
    return view;
  });
  await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'here' });
  expect((await pendingWait).text).toBe('here');
});

test('The error of waitFor describes the workspace.', async () => {
  await using slack = await FakeSlack.start();
  const dialog = { text: 'Pause?', blocks: [sectionBlock('Pause?'), actionsBlock(buttonElement('OK', 'ok'))] };
  await callApi(slack, 'chat.postEphemeral', { channel: 'C0SYNC', user: 'U0ALICE', ...dialog });
  await slack.command({ user: 'U0BOB', channel: 'C0SYNC', text: '' }).acked;
  const waiting = slack.waitFor(() => false, { timeoutMs: 1, description: 'the outcome' });
  const message = await waiting.catch((error: Error) => error.message);
  expect(message).toContain('waiting for the outcome');
  expect(message).toMatch(/#sync [\d.]+ \(only U0ALICE\): Pause\? \/ OK \[OK\]/);
  expect(message).toContain('U0BOB in C0SYNC: dispatch_failed');
  expect(message).toContain('chat.postEphemeral -> ok');
});

test('The fake throws for an unknown user, group, channel or socket.', async () => {
  await using slack = await FakeSlack.start();
  expect(() => slack.channel('C0NONE')).toThrow('no channel C0NONE');
  expect(() => slack.user('U0NONE')).toThrow('no user U0NONE');
  expect(() => slack.group('S0NONE')).toThrow('no user group S0NONE');
  expect(() => slack.terminateSocket(0)).toThrow('no socket 0');
});

test('Disposing of the fake closes its port, and may be repeated.', async () => {
  const slack = await FakeSlack.start();
  await slack[Symbol.asyncDispose]();
  await slack[Symbol.asyncDispose]();
  await expect(fetch(`${slack.apiUrl}auth.test`)).rejects.toThrow();
});
