import { expect, test } from 'vitest';
import { actionsBlock, buttonElement, sectionBlock } from './raw-client.ts';
import { errorText, type Json, type JsonObject, SlackApiError } from './types.ts';
import { inputBlock, modal, option, plain } from './view-fixture.ts';
import { parseSuggestions, parseView, type ViewType } from './view-limits.ts';

const x = (length: number) => 'x'.repeat(length);
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const text = (change: JsonObject = {}) => inputBlock('a', { type: 'plain_text_input', ...change });
const external = (change: JsonObject = {}) => inputBlock('a', { type: 'external_select', ...change });

/** Returns the error of a view. Empty when Slack accepts it. */
function errorOf(view: Json, type: ViewType = 'modal'): string {
  return catchError(() => parseView(view, type));
}

function catchError(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    if (error instanceof SlackApiError) return errorText(error);
    throw error;
  }
}

test.each<[string, Json]>([
  ['titles and buttons of 24 characters', modal({ title: plain(x(24)), submit: plain(x(24)), close: plain(x(24)) })],
  ['100 blocks', modal({ blocks: times(100, () => sectionBlock('x')) })],
  ['private_metadata of 3000 characters', modal({ private_metadata: x(3000) })],
  ['a callback_id and an external_id of 255 characters', modal({ callback_id: x(255), external_id: x(255) })],
  ['a view without inputs and submit', { type: 'modal', title: plain('x'), blocks: [sectionBlock('x')] }],
  ['an external_select', modal({ blocks: [external({ min_query_length: 0, placeholder: plain(x(150)) })] })],
  [
    'a header of 150 characters and a divider',
    modal({ blocks: [{ type: 'header', text: plain(x(150)) }, { type: 'divider' }] }),
  ],
  ['JSON in a string', JSON.stringify(modal())],
])('Slack accepts %s.', (_what, view) => {
  expect(errorOf(view)).toBe('');
});

test.each<[string, Json, string]>([
  [
    'a title of 25 characters',
    modal({ title: plain(x(25)) }),
    'must be less than 25 characters [json-pointer:/view/title/text]',
  ],
  [
    'a submit of 25 characters',
    modal({ submit: plain(x(25)) }),
    'must be less than 25 characters [json-pointer:/view/submit/text]',
  ],
  [
    'a close of 25 characters',
    modal({ close: plain(x(25)) }),
    'must be less than 25 characters [json-pointer:/view/close/text]',
  ],
  ['no title', { type: 'modal', blocks: [] }, 'missing required field [json-pointer:/view/title]'],
  [
    '101 blocks',
    modal({ blocks: times(101, () => sectionBlock('x')) }),
    'no more than 100 items allowed [json-pointer:/view/blocks]',
  ],
  [
    'private_metadata of 3001 characters',
    modal({ private_metadata: x(3001) }),
    'must be less than 3001 characters [json-pointer:/view/private_metadata]',
  ],
  [
    'a callback_id of 256 characters',
    modal({ callback_id: x(256) }),
    'must be less than 256 characters [json-pointer:/view/callback_id]',
  ],
  [
    'an external_id of 256 characters',
    modal({ external_id: x(256) }),
    'must be less than 256 characters [json-pointer:/view/external_id]',
  ],
  [
    'an input without submit',
    { type: 'modal', title: plain('x'), blocks: [text()] },
    'must define `submit` to use an `input` block in modals [json-pointer:/view]',
  ],
  [
    'a button in an input',
    modal({ blocks: [inputBlock('a', buttonElement('OK', 'a'))] }),
    'unsupported type [json-pointer:/view/blocks/0/element/type]',
  ],
  [
    'a max_length of 3001',
    modal({ blocks: [text({ max_length: 3001 })] }),
    'Too big: expected number to be <=3000 [json-pointer:/view/blocks/0/element/max_length]',
  ],
  [
    'an input without a label',
    modal({ blocks: [{ type: 'input', element: { type: 'plain_text_input' } }] }),
    'missing required field [json-pointer:/view/blocks/0/label]',
  ],
  [
    'two blocks with the same block_id',
    modal({ blocks: [text(), text()] }),
    'block_id already exists: a [json-pointer:/blocks]',
  ],
  [
    'two elements with the same action_id',
    modal({ blocks: [actionsBlock(...times(2, () => buttonElement('OK', 'a')))] }),
    'action_id already exists: a [json-pointer:/blocks/0]',
  ],
  [
    'eleven radio buttons',
    modal({ blocks: [inputBlock('a', { type: 'radio_buttons', options: times(11, (i) => option(String(i))) })] }),
    'no more than 10 items allowed [json-pointer:/view/blocks/0/element/options]',
  ],
  [
    'an initial option that is not offered',
    modal({
      blocks: [inputBlock('a', { type: 'radio_buttons', options: [option('Pause')], initial_option: option('Start') })],
    }),
    'the initial option must be one of the options [json-pointer:/view/blocks/0/element]',
  ],
  ['a Home in place of a modal', { type: 'home', blocks: [] }, 'must be modal [json-pointer:/view/type]'],
  ['no JSON', '{nope', 'missing required field: view [json-pointer:/view]'],
])('Slack rejects %s.', (_what, view, error) => {
  expect(errorOf(view)).toBe(`invalid_arguments; [ERROR] ${error}`);
});

test('A Home has blocks, inputs without submit included, and no title.', () => {
  expect(errorOf({ type: 'home', blocks: [text()] }, 'home')).toBe('');
  expect(errorOf({ type: 'home', blocks: [], title: plain('x') }, 'home')).toContain(
    'invalid additional property: title',
  );
  expect(errorOf(modal(), 'home')).toContain('must be home');
});

test('A view of more than 250 kB is too large.', () => {
  expect(errorOf(modal({ blocks: times(84, () => sectionBlock(x(3000))) }))).toBe('view_too_large');
});

test('Suggestions are at most 100 options of 75 characters.', () => {
  const errors = (body: JsonObject) => catchError(() => parseSuggestions(body));
  expect(errors({ options: [] })).toBe('');
  expect(errors({ options: times(100, (i) => option(x(75), String(i))) })).toBe('');
  expect(errors({ options: times(101, (i) => option(String(i))) })).toContain('no more than 100 items');
  expect(errors({ options: [option(x(76))] })).toContain('must be less than 76 characters');
  expect(errors({})).toContain('missing required field');
});
