import { expect, test } from 'vitest';
import { blockErrors } from './block-limits.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, sectionBlock } from './raw-client.ts';
import type { Json, JsonObject } from './types.ts';

const x = (length: number) => 'x'.repeat(length);
const plain = (text: string): JsonObject => ({ type: 'plain_text', text });
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const context = (count: number, length = 1): Json => ({
  type: 'context',
  elements: times(count, () => plain(x(length))),
});
const buttons = (count: number): Json => actionsBlock(...times(count, (i) => buttonElement('OK', `a${i}`)));
const buttonWith = (change: JsonObject): Json => actionsBlock({ ...buttonElement('OK', 'a'), ...change });

const validBlocks: readonly (readonly [string, Json[]])[] = [
  ['no blocks', []],
  ['50 blocks', times(50, () => sectionBlock('x'))],
  ['a section of 3000 characters', [sectionBlock(x(3000))]],
  ['a section with a button', [{ ...sectionBlock('x'), accessory: buttonElement('OK', 'a') }]],
  ['a context with 10 elements of 2000 characters', [context(10, 2000)]],
  ['25 buttons', [buttons(25)]],
  ['a button label of 75 characters', [buttonWith({ text: plain(x(75)) })]],
  ['a button value of 2000 characters', [buttonWith({ value: x(2000) })]],
  ['an accessibility_label of 75 characters', [buttonWith({ accessibility_label: x(75) })]],
  ['an action_id of 255 characters', [buttonWith({ action_id: x(255) })]],
  ['a block_id of 255 characters', [{ ...sectionBlock('x'), block_id: x(255) }]],
  ['the same action_id in two blocks', times(2, () => actionsBlock(buttonElement('OK', 'a')))],
];

test.each(validBlocks)('Slack accepts %s.', (_what, blocks) => {
  expect(blockErrors(blocks)).toEqual([]);
});

const invalidBlocks: readonly (readonly [string, Json, string])[] = [
  ['51 blocks', times(51, () => sectionBlock('x')), 'no more than 50 items allowed [json-pointer:/blocks]'],
  ['a type that the bot does not send', [{ type: 'divider' }], 'unsupported type [json-pointer:/blocks/0/type]'],
  ['a block without a type', [{ text: plain('x') }], 'unsupported type [json-pointer:/blocks/0/type]'],
  ['an empty section', [sectionBlock('')], 'must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
  [
    'a section of 3001',
    [sectionBlock(x(3001))],
    'must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
  ],
  ['a section without text', [{ type: 'section' }], 'missing required field [json-pointer:/blocks/0/text]'],
  ['a string as text', [{ type: 'section', text: 'x' }], 'must be object [json-pointer:/blocks/0/text]'],
  [
    'an unknown field',
    [{ ...sectionBlock('x'), colour: 'red' }],
    'invalid additional property: colour [json-pointer:/blocks/0]',
  ],
  ['a context with 11 elements', [context(11)], 'no more than 10 items allowed [json-pointer:/blocks/0/elements]'],
  ['a context without elements', [context(0)], 'no fewer than 1 items allowed [json-pointer:/blocks/0/elements]'],
  ['a context text of 2001', [context(1, 2001)], 'must be less than 2001 characters'],
  [
    'a button in a context',
    [{ type: 'context', elements: [buttonElement('OK', 'a')] }],
    'unsupported type [json-pointer:/blocks/0/elements/0/type]',
  ],
  ['26 buttons', [buttons(26)], 'no more than 25 items allowed [json-pointer:/blocks/0/elements]'],
  ['no buttons', [actionsBlock()], 'no fewer than 1 items allowed [json-pointer:/blocks/0/elements]'],
  ['a button label of 76', [buttonWith({ text: plain(x(76)) })], 'must be less than 76 characters'],
  [
    'a button label in mrkdwn',
    [buttonWith({ text: { type: 'mrkdwn', text: 'x' } })],
    '[json-pointer:/blocks/0/elements/0/text/type]',
  ],
  ['a button value of 2001', [buttonWith({ value: x(2001) })], 'must be less than 2001 characters'],
  ['an empty button value', [buttonWith({ value: '' })], 'must be more than 0 characters'],
  ['an unknown button style', [buttonWith({ style: 'warning' })], '[json-pointer:/blocks/0/elements/0/style]'],
  ['a disabled button', [buttonWith({ disabled: true })], 'invalid additional property: disabled'],
  ['an accessibility_label of 76', [buttonWith({ accessibility_label: x(76) })], 'must be less than 76 characters'],
  ['an action_id of 256', [buttonWith({ action_id: x(256) })], 'must be less than 256 characters'],
  ['a block_id of 256', [{ ...sectionBlock('x'), block_id: x(256) }], 'must be less than 256 characters'],
  ['a repeated block_id', times(2, () => ({ ...sectionBlock('x'), block_id: 'b' })), 'block_id already exists: b'],
  [
    'a repeated action_id in a block',
    [actionsBlock(buttonElement('A', 'a'), buttonElement('B', 'a'))],
    'action_id already exists: a',
  ],
];

test.each(invalidBlocks)('Slack rejects %s.', (_what, blocks, error) => {
  expect(blockErrors(blocks).join('\n')).toContain(error);
});

test('Every method that takes blocks validates them.', async () => {
  await using slack = await FakeSlack.start();
  const invalidMessage = { text: 'x', blocks: [sectionBlock('')] };
  const { ts } = await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'x' });
  const target = { channel: 'C0SYNC', ts: String(ts), user: 'U0ALICE' };
  for (const method of ['chat.postMessage', 'chat.postEphemeral', 'chat.update']) {
    expect(await callApi(slack, method, { ...target, ...invalidMessage })).toMatchObject({
      ok: false,
      error: 'invalid_blocks',
    });
  }
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map(({ versions }) => versions.length)).toEqual([1]);
});
