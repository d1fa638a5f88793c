import { describe, expect, it } from 'vitest';
import type { Acknowledgement } from '../../src/domain/acknowledgement.ts';
import { type AlertPress, type PressResult, pressAlert } from '../../src/domain/alert-press.ts';

const minute = 60_000;
const now = 1_800_000_000_000;
const owned = { kind: 'owned', by: 'U0ALICE', at: now - 5 * minute, until: now + 25 * minute } as const;
const snoozed = { ...owned, kind: 'snoozed', until: now + 55 * minute } as const;
const ended = { ...owned, until: now } as const;

const mine = { kind: 'owned', by: 'U0BOB', at: now, until: now + 30 * minute } as const;
const taken: PressResult = { kind: 'changed', acknowledgement: mine, event: 'alert_owned' };
const takenOver: PressResult = {
  kind: 'changed',
  acknowledgement: { ...mine, from: 'U0ALICE' },
  event: 'alert_taken_over',
};
const mineSnoozed: PressResult = {
  kind: 'changed',
  acknowledgement: { kind: 'snoozed', by: 'U0BOB', at: now, until: now + 60 * minute },
  event: 'alert_snoozed',
};
const givenBack: PressResult = {
  kind: 'changed',
  acknowledgement: { ...owned, until: now, isGivenBack: true },
  event: 'alert_given_back',
};
const held = (acknowledgement: Acknowledgement): PressResult => ({ kind: 'held', acknowledgement });
const unchanged: PressResult = { kind: 'unchanged' };

describe('a press', () => {
  it.each<[AlertPress, string, Acknowledgement | null, by: string, PressResult]>([
    ['own', 'a free alert is taken', null, 'U0BOB', taken],
    ['own', 'an alert whose time is over is taken', ended, 'U0BOB', taken],
    ['own', 'a snoozed alert is taken', snoozed, 'U0BOB', taken],
    ['own', 'the alert of another person stays theirs', owned, 'U0BOB', held(owned)],
    ['own', 'the own alert stays as it is', owned, 'U0ALICE', unchanged],
    ['snooze', 'a free alert is snoozed', null, 'U0BOB', mineSnoozed],
    ['snooze', 'the own alert is snoozed', { ...owned, by: 'U0BOB' }, 'U0BOB', mineSnoozed],
    ['snooze', 'the alert of another person is not snoozed', owned, 'U0BOB', held(owned)],
    ['snooze', 'an alert that another person has snoozed stays so', snoozed, 'U0BOB', held(snoozed)],
    ['snooze', 'an alert that the person has snoozed stays so', snoozed, 'U0ALICE', unchanged],
    ['hand_over', 'another person takes the alert over', owned, 'U0BOB', takenOver],
    ['hand_over', 'the person who has it gives it back', owned, 'U0ALICE', givenBack],
    ['hand_over', 'an alert that was given back meanwhile is taken', ended, 'U0BOB', taken],
    ['hand_over', 'the second press of the person who gave it back changes nothing', ended, 'U0ALICE', unchanged],
  ])('of %s: %s', (press, _name, previous, by, result) => {
    expect(pressAlert(previous, press, { by, now, seenAt: now - minute })).toEqual(result);
  });

  it('of Take Over / Give Back does not give the alert back if it is the second press on the same message', () => {
    const afterFirst: Acknowledgement = { ...mine, from: 'U0ALICE' };
    const facts = { by: 'U0BOB', now: now + 1, seenAt: now - minute };
    expect(pressAlert(afterFirst, 'hand_over', facts)).toEqual(unchanged);
    expect(pressAlert(afterFirst, 'hand_over', { ...facts, by: 'U0CAROL' })).toEqual(held(afterFirst));
  });
});
