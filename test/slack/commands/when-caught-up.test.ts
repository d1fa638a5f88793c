import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../src/slack/commands/parse.ts';
import { conditionsOf } from '../../../src/slack/commands/when-caught-up.ts';
import { projectIdArbitrary } from '../arbitraries.ts';

const waiting = (reason: string | null = null, limit: object = {}) =>
  expect.objectContaining({ kind: 'change', action: 'pause', project: 'orders', reason, whenCaughtUp: true, ...limit });
const forTwoHours = { limit: { word: 'for', text: '2h' } };

describe('`when caught up` in a command', () => {
  it.each([
    ['pause orders when caught up', waiting()],
    ['Pause Orders When Caught Up.', waiting()],
    ['pause orders once it has caught up', waiting()],
    ['pause orders when it’s caught-up', waiting()],
    ['pause orders when they have caught up', waiting()],
    ['pause orders when caughtup', waiting()],
    ['pause orders when caught up for 2h because we deploy', waiting('we deploy', forTwoHours)],
    ['pause orders for 2h when caught up', waiting(null, forTwoHours)],
    ['pause orders for 2h when caught up because we deploy', waiting('we deploy', forTwoHours)],
    ['pause orders when caught up because we deploy', waiting('we deploy')],
    ['pause orders when caught up we deploy', waiting('we deploy')],
    ['pause orders we deploy when caught up', waiting('we deploy')],
  ])('is a condition in %j', (text, expected) => {
    expect(parseCommand(text)).toEqual(expected);
  });

  it.each([
    'pause orders because we restore it when caught up',
    'pause orders we restore it when caught up again',
    'pause orders when we caught up',
    'pause orders caught up',
    'pause orders when ready',
    'pause when caught up',
  ])('is a part of the reason, or no condition, in %j', (text) => {
    expect(parseCommand(text)).not.toHaveProperty('whenCaughtUp');
  });

  it.each([
    'pause label:prod when caught up',
    'pause label:prod when caught up except orders',
    'pause label:prod except orders when caught up for 2h because we deploy',
  ])('is a condition for several projects in %j', (text) => {
    const plain = parseCommand(text.replace(' when caught up', ''));
    expect(plain).toMatchObject({ kind: 'change-selection' });
    expect(parseCommand(text)).toEqual({ ...plain, whenCaughtUp: true });
  });

  it('is a condition also if each word names a project', () => {
    expect(parseCommand('pause orders users when caught up')).toMatchObject({
      whenCaughtUp: true,
      alternative: { command: { kind: 'change-selection', whenCaughtUp: true } },
    });
  });

  it('changes nothing else about a command, wherever it is (property)', () => {
    const limit = fc.constantFrom('', ' for 2h', ' until 18:30');
    const because = fc.constantFrom('', ' because we deploy');
    const projects = fc.oneof(projectIdArbitrary, fc.constant('label:prod'), fc.constant('label:prod except users'));
    fc.assert(
      fc.property(projects, limit, because, fc.boolean(), (names, end, reason, isBeforeEnd) => {
        const when = ' when caught up';
        const text = `pause ${names}${isBeforeEnd ? `${when}${end}` : `${end}${when}`}${reason}`;
        expect(parseCommand(text)).toEqual({ ...parseCommand(`pause ${names}${end}${reason}`), whenCaughtUp: true });
      }),
    );
  });

  it('stays in a suggested command', () => {
    expect(conditionsOf({ whenCaughtUp: true, limit: { word: 'for', text: '2h' } })).toBe('when caught up for 2h');
    expect(conditionsOf({ whenCaughtUp: true })).toBe('when caught up');
    expect(conditionsOf({})).toBeNull();
  });
});
