import { expect, test } from 'vitest';
import { blockErrors } from './block-limits.ts';
import { FakeSlack } from './fake-slack.ts';
import { actionsBlock, buttonElement, callApi, sectionBlock } from './raw-client.ts';
import type { Json, JsonObject } from './types.ts';

const x = (length: number) => 'x'.repeat(length);
const plain = (text: string): JsonObject => ({ type: 'plain_text', text });
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const fields = (count: number, length: number): Json => ({
  type: 'section',
  fields: times(count, () => plain(x(length))),
});
const header = (length: number): Json => ({ type: 'header', text: plain(x(length)) });
const context = (count: number): Json => ({ type: 'context', elements: times(count, () => plain('x')) });
const buttons = (count: number): Json => actionsBlock(...times(count, (i) => buttonElement('OK', `a${i}`)));
const buttonOf = (change: JsonObject): Json => actionsBlock({ ...buttonElement('OK', 'a'), ...change });
const confirm = (title: number, text: number, yes: number, no: number): Json =>
  buttonOf({ confirm: { title: plain(x(title)), text: plain(x(text)), confirm: plain(x(yes)), deny: plain(x(no)) } });
const rich = (element: JsonObject): Json => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [element] }],
});
const image = (change: JsonObject): Json => ({
  type: 'image',
  image_url: 'https://a.example/i.png',
  alt_text: 'i',
  ...change,
});
const overflow = (count: number): Json =>
  actionsBlock({
    type: 'overflow',
    action_id: 'o',
    options: times(count, (i) => ({ text: plain('x'), value: String(i) })),
  });

const atTheLimit: readonly (readonly [string, Json[]])[] = [
  ['50 blocks', times(50, () => sectionBlock('x'))],
  ['section of 3000', [sectionBlock(x(3000))]],
  ['10 fields of 2000', [fields(10, 2000)]],
  ['header of 150', [header(150)]],
  ['context of 10', [context(10)]],
  ['25 buttons', [buttons(25)]],
  ['button label of 75', [buttonOf({ text: plain(x(75)) })]],
  ['button value of 2000', [buttonOf({ value: x(2000) })]],
  ['action_id of 255', [buttonOf({ action_id: x(255) })]],
  ['block_id of 255', [{ ...sectionBlock('x'), block_id: x(255) }]],
  [
    'the same action_id in two blocks',
    [actionsBlock(buttonElement('OK', 'a')), actionsBlock(buttonElement('OK', 'a'))],
  ],
  ['confirm at its limits', [confirm(100, 300, 30, 30)]],
  ['divider', [{ type: 'divider' }]],
  ['image', [image({})]],
  ['rich text', [rich({ type: 'text', text: 'x', style: { bold: true } })]],
  ['accessory', [{ ...sectionBlock('x'), accessory: buttonElement('OK', 'a') }]],
  ['overflow of 5', [overflow(5)]],
  ['none', []],
];

test.each(atTheLimit)('allowed: %s', (_, blocks) => {
  expect(blockErrors(blocks)).toEqual([]);
});

const beyond: readonly (readonly [string, Json, string])[] = [
  ['51 blocks', times(51, () => sectionBlock('x')), 'no more than 50 items allowed [json-pointer:/blocks]'],
  ['unknown type', [{ type: 'table', rows: [] }], 'unsupported type [json-pointer:/blocks/0/type]'],
  ['no type', [{ text: plain('x') }], 'unsupported type [json-pointer:/blocks/0/type]'],
  ['empty section', [sectionBlock('')], 'must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
  ['section of 3001', [sectionBlock(x(3001))], 'must be less than 3001 characters [json-pointer:/blocks/0/text/text]'],
  ['bare section', [{ type: 'section' }], 'must define either `text` or `fields` [json-pointer:/blocks/0]'],
  ['text as a string', [{ type: 'section', text: 'x' }], 'must be object [json-pointer:/blocks/0/text]'],
  [
    'unknown field',
    [{ ...sectionBlock('x'), colour: 'red' }],
    'invalid additional property: colour [json-pointer:/blocks/0]',
  ],
  ['11 fields', [fields(11, 1)], 'no more than 10 items allowed [json-pointer:/blocks/0/fields]'],
  ['no fields', [fields(0, 1)], 'no fewer than 1 items allowed [json-pointer:/blocks/0/fields]'],
  ['field of 2001', [fields(1, 2001)], 'must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]'],
  ['header of 151', [header(151)], 'must be less than 151 characters [json-pointer:/blocks/0/text/text]'],
  ['header in mrkdwn', [{ ...sectionBlock('x'), type: 'header' }], '[json-pointer:/blocks/0/text/type]'],
  ['header without text', [{ type: 'header' }], 'missing required field [json-pointer:/blocks/0/text]'],
  ['context of 11', [context(11)], 'no more than 10 items allowed [json-pointer:/blocks/0/elements]'],
  ['context of none', [context(0)], 'no fewer than 1 items allowed [json-pointer:/blocks/0/elements]'],
  [
    'button in context',
    [{ type: 'context', elements: [buttonElement('OK', 'a')] }],
    'unsupported type [json-pointer:/blocks/0/elements/0/type]',
  ],
  ['26 buttons', [buttons(26)], 'no more than 25 items allowed [json-pointer:/blocks/0/elements]'],
  ['no elements', [actionsBlock()], 'no fewer than 1 items allowed [json-pointer:/blocks/0/elements]'],
  ['button label of 76', [buttonOf({ text: plain(x(76)) })], 'must be less than 76 characters'],
  [
    'button label in mrkdwn',
    [buttonOf({ text: { type: 'mrkdwn', text: 'x' } })],
    '[json-pointer:/blocks/0/elements/0/text/type]',
  ],
  ['button value of 2001', [buttonOf({ value: x(2001) })], 'must be less than 2001 characters'],
  ['empty button value', [buttonOf({ value: '' })], 'must be more than 0 characters'],
  ['button style', [buttonOf({ style: 'warning' })], '[json-pointer:/blocks/0/elements/0/style]'],
  ['disabled button', [buttonOf({ disabled: true })], 'invalid additional property: disabled'],
  ['action_id of 256', [buttonOf({ action_id: x(256) })], 'must be less than 256 characters'],
  ['block_id of 256', [{ ...sectionBlock('x'), block_id: x(256) }], 'must be less than 256 characters'],
  ['block_id twice', times(2, () => ({ ...sectionBlock('x'), block_id: 'b' })), 'block_id already exists: b'],
  [
    'action_id twice in a block',
    [actionsBlock(buttonElement('A', 'a'), buttonElement('B', 'a'))],
    'action_id already exists: a',
  ],
  ['accessibility_label of 76', [buttonOf({ accessibility_label: x(76) })], 'must be less than 76 characters'],
  ['url of 3001', [buttonOf({ url: x(3001) })], 'must be less than 3001 characters'],
  ['confirm title of 101', [confirm(101, 1, 1, 1)], 'must be less than 101 characters'],
  ['confirm text of 301', [confirm(1, 301, 1, 1)], 'must be less than 301 characters'],
  ['confirm button of 31', [confirm(1, 1, 31, 1)], 'must be less than 31 characters'],
  ['deny button of 31', [confirm(1, 1, 1, 31)], 'must be less than 31 characters'],
  [
    'image without alt_text',
    [{ type: 'image', image_url: 'x' }],
    'missing required field [json-pointer:/blocks/0/alt_text]',
  ],
  ['empty rich text', [rich({ type: 'text', text: '' })], 'must be more than 0 characters'],
  ['overflow of 6', [overflow(6)], 'no more than 5 items allowed'],
  [
    'select without options',
    [actionsBlock({ type: 'static_select', action_id: 's' })],
    'must define either `options` or `option_groups`',
  ],
];

test.each(beyond)('refused: %s', (_, blocks, fault) => {
  expect(blockErrors(blocks).join('\n')).toContain(fault);
});

test('the limits hold on every road into Slack', async () => {
  await using slack = await FakeSlack.start();
  const invalidBlocks = { text: 'x', blocks: [sectionBlock('')] };
  const { ts } = await callApi(slack, 'chat.postMessage', { channel: 'C0SYNC', text: 'x' });
  const where = { channel: 'C0SYNC', ts: String(ts), user: 'U0ALICE' };
  for (const method of ['chat.postMessage', 'chat.postEphemeral', 'chat.update']) {
    expect(await callApi(slack, method, { ...where, ...invalidBlocks })).toMatchObject({
      ok: false,
      error: 'invalid_blocks',
    });
  }
  expect(slack.messagesVisibleTo('U0ALICE', 'C0SYNC').map((it) => it.versions.length)).toEqual([1]);
});
