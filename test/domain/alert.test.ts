import { expect, it } from 'vitest';
import { alertDue } from '../../src/domain/alert.ts';
import { exampleProject } from '../slack/examples.ts';

const failing = { state: 'failed', by: 'syncbot', since: 5, holder: null } as const;
const told = { since: 5, message: { channel: 'C1', ts: '1.1' }, closed: false };

it.each([
  ['a failure that nobody was told of', failing, null, 'open'],
  ['one that was told', failing, told, null],
  ['one whose alert was closed, or could not be posted', failing, { ...told, closed: true }, null],
  ['another one since: the older alert first', { ...failing, since: 9 }, told, 'close'],
  ['another one since, the older alert closed', { ...failing, since: 9 }, { ...told, closed: true }, 'open'],
  ['a restore under way', { ...failing, state: 'restoring', by: 'U1', holder: 'op1' }, told, null],
  ['restored', { ...failing, state: 'running', by: 'U1', since: 7 }, told, 'close'],
  ['restored, and that was told', { ...failing, state: 'running', by: 'U1' }, { ...told, closed: true }, null],
  ['a pause that did not reach its links: its own message tells', { ...failing, by: 'U1' }, null, null],
  ['nothing wrong', { ...failing, state: 'running', by: 'U1' }, null, null],
] as const)('%s', (_what, state, alert, due) => {
  expect(alertDue(exampleProject({ ...state, alert }))).toBe(due);
});
