import { describe, expect, it } from 'vitest';
import {
  type Alert,
  acknowledge,
  alertSchema,
  type ConditionResult,
  firingConditions,
  keepPaused,
  needsNotification,
  reduceAlert,
} from '../../src/domain/alert.ts';
import type { Condition } from '../../src/domain/conditions.ts';
import { exampleLink } from '../support/example-records.ts';

const delivered = { seq: 1, since: 1_000, message: null, resolved: false };
const present = (condition: Condition): ConditionResult => ({ kind: 'present', condition });
const absent: ConditionResult = { kind: 'absent' };
const unknown: ConditionResult = { kind: 'unknown' };
const latency = (latencyMs: number) => present({ kind: 'latency', latencyMs, limitMs: 1_000 });
const failed = (since: number) => present({ kind: 'project_failed', since, failure: null });
const runningCondition = (...queues: string[]): Condition => ({
  kind: 'unexpectedly_running',
  cause: 'resumed',
  links: { total: queues.length, first: queues.map(exampleLink) },
});
const running = (...queues: string[]) => present(runningCondition(...queues));

/** The alert after these observations, one a second, all at version 1 unless an observation has another version. */
function observe(
  ...observations: (ConditionResult | { readonly result: ConditionResult; readonly version: number })[]
): Alert | null {
  return observations.reduce<Alert | null>((alert, each, index) => {
    const { result, version } = 'result' in each ? each : { result: each, version: 1 };
    return reduceAlert(alert, { result, version, now: (index + 1) * 1_000 });
  }, null);
}

describe('an alert', () => {
  it('of a debounced kind fires after two observations in a row', () => {
    expect(observe(latency(5_000))).toMatchObject({ state: 'pending', seq: 0, since: 1_000 });
    expect(observe(latency(5_000), latency(6_000))).toMatchObject({ state: 'firing', seq: 1, since: 1_000 });
    expect(observe(latency(5_000), absent)).toMatchObject({ state: 'resolved', seq: 0 });
    expect(observe(running('a'), absent, running('a'))).toMatchObject({ state: 'pending', seq: 0, since: 3_000 });
  });

  it('stays pending when the version changes between two observations', () => {
    const changed = [running('a'), { result: running('a'), version: 2 }];
    expect(observe(...changed)).toMatchObject({ state: 'pending', version: 2 });
    expect(observe(...changed, { result: running('a'), version: 2 })).toMatchObject({ state: 'firing' });
  });

  it('that was stored does not change when the same condition is observed again', () => {
    const failure = { kind: 'task_failed', link: exampleLink('a'), taskId: '7', at: 900, reason: 'full' } as const;
    const result = present({ kind: 'tasks_failed', count: 1, failure });
    const firing = observe(result, result);
    const stored = alertSchema.parse(JSON.parse(JSON.stringify(firing)));
    expect(reduceAlert(stored, { result, version: 1, now: 600_000 })).toBe(stored);
  });

  it('of a failure fires at once', () => {
    expect(observe(failed(1))).toMatchObject({ state: 'firing', seq: 1 });
  });

  it('of a second failure resolves for the first failure, then fires for the second', () => {
    expect(observe(failed(1), failed(9))).toMatchObject({ state: 'resolved', seq: 2 });
    expect(observe(failed(1), failed(9), failed(9))).toMatchObject({ state: 'firing', seq: 3, since: 3_000 });
  });

  it('that fires again keeps when the occurrence before it ended, and its condition', () => {
    const [first, second] = [failed(1), failed(9)].map((result) => 'condition' in result && result.condition);
    expect(observe(failed(1), absent, failed(9))).toMatchObject({
      state: 'firing',
      since: 3_000,
      earlier: { since: 1_000, resolvedAt: 2_000, condition: first },
    });
    expect(observe(failed(1), absent, failed(9), absent, failed(9))).toMatchObject({
      earlier: { since: 3_000, resolvedAt: 4_000, condition: second },
    });
    expect(observe(running('a'), running('a'), absent, absent, running('a'), absent, running('a'))).toMatchObject({
      state: 'pending',
      earlier: { since: 1_000, resolvedAt: 4_000 },
    });
  });

  it('of a failure ended when the project became Running before the next one', () => {
    const row = {
      count: 2,
      isSameCause: true,
      failedAt: 9,
      run: { since: 8, by: 'U0BOB', action: 'restore' },
    } as const;
    const next = present({ kind: 'project_failed', since: 9, failure: null, streak: row });
    expect(observe(failed(1), next)).toMatchObject({ state: 'resolved', since: 1_000, changedAt: 8 });
  });

  it('of a debounced kind resolves after two negative observations in a row', () => {
    const firing = [latency(5_000), latency(6_000)];
    expect(observe(...firing, absent)).toMatchObject({ state: 'firing', seq: 1, absentOnce: true });
    expect(observe(...firing, absent, latency(6_000))).toMatchObject({ state: 'firing', seq: 1, absentOnce: false });
    expect(observe(...firing, absent, absent)).toMatchObject({ state: 'resolved', seq: 2 });
    expect(observe(...firing, absent, absent, absent)).toMatchObject({ state: 'resolved', seq: 2 });
  });

  it('of a failure resolves after one negative observation', () => {
    expect(observe(failed(1), absent)).toMatchObject({ state: 'resolved', seq: 2 });
  });

  it('of a flapping kind keeps its occurrence when it fires again within ten minutes', () => {
    const resolved = [latency(5_000), latency(5_000), absent, absent];
    expect(observe(...resolved, latency(5_000))).toMatchObject({ state: 'pending', since: 1_000, seq: 2 });
    expect(observe(...resolved, latency(5_000), latency(5_000))).toMatchObject({
      state: 'firing',
      since: 1_000,
      seq: 3,
    });
    const sinceAt = (now: number) =>
      reduceAlert(observe(...resolved), { result: latency(5_000), version: 1, now })?.since;
    expect([sinceAt(603_999), sinceAt(604_000)]).toEqual([1_000, 604_000]);
  });

  it('of the kind unexpectedly_running starts a new occurrence when it fires again', () => {
    expect(observe(running('a'), running('a'), absent, absent, running('a'), running('a'))).toMatchObject({
      since: 5_000,
      seq: 3,
    });
  });

  it('does not exist while its condition was never observed', () => {
    expect([observe(absent), observe(unknown)]).toEqual([null, null]);
  });

  it('is not changed by an unknown observation', () => {
    expect(observe(latency(5_000), latency(6_000), unknown)).toMatchObject({ state: 'firing', seq: 1 });
  });

  it('of a critical kind changes at once', () => {
    expect(observe(running('a'), running('a'), running('a', 'b'))).toMatchObject({ seq: 2 });
    expect(observe(running('a'), running('a'), running('a'))).toMatchObject({ seq: 1 });
  });

  it('of any other kind changes at most once a minute', () => {
    const firing = observe(latency(5_000), latency(6_000));
    expect(reduceAlert(firing, { result: latency(7_000), version: 1, now: 61_000 })).toBe(firing);
    expect(reduceAlert(firing, { result: latency(7_000), version: 1, now: 62_000 })).toMatchObject({ seq: 2 });
    expect(reduceAlert(firing, { result: latency(6_000), version: 1, now: 62_000 })).toBe(firing);
  });
});

const fields = { since: 1, seq: 2, changedAt: 1, version: 1 };
const firing: Alert = { state: 'firing', condition: runningCondition('a'), absentOnce: false, ...fields };

it('an alert needs a notification until the channel was notified of its last change', () => {
  const delivered = { seq: 1, since: 1, message: null, resolved: false };
  expect([
    needsNotification({ alert: firing, delivered: null }),
    needsNotification({ alert: firing, delivered }),
    needsNotification({ alert: firing, delivered: { ...delivered, seq: 2 } }),
  ]).toEqual([true, true, false]);
});

it('only firing alerts have a condition that is shown', () => {
  const alerts = (alert: Alert) => ({ unexpectedly_running: { alert, delivered: null } });
  expect(firingConditions(alerts(firing))).toEqual([runningCondition('a')]);
  expect(firingConditions(alerts({ state: 'pending', condition: runningCondition('a'), ...fields }))).toEqual([]);
  expect(firingConditions(alerts({ state: 'resolved', ...fields }))).toEqual([]);
});

describe('the reminder of a pause', () => {
  const reminder = (since: number) => present({ kind: 'paused_reminder', since, by: 'U0ALICE', reason: null });
  const kept = { at: 9_000, by: 'U0BOB', until: 99_000 };

  it('of a flapping kind keeps its acknowledgement when it fires again, and a new occurrence has none', () => {
    const acknowledgement = { kind: 'owned', by: 'U0BOB', at: 2_500, until: 1_802_500 } as const;
    const firing = observe(latency(5_000), latency(5_000));
    if (firing?.state !== 'firing') throw new Error('it does not fire');
    const next = (alert: Alert | null, result: ConditionResult, now: number, version = 1) =>
      reduceAlert(alert, { result, version, now });
    const acknowledged = acknowledge(firing, acknowledgement);
    expect(needsNotification({ alert: acknowledged, delivered: { ...delivered, seq: firing.seq } })).toBe(true);
    const worse = next(acknowledged, latency(9_000), 70_000);
    expect(worse).toMatchObject({ state: 'firing', seq: firing.seq + 2, acknowledgement });
    const resolved = next(next(worse, absent, 71_000), absent, 72_000);
    expect(resolved).toMatchObject({ state: 'resolved', acknowledgement });
    const pending = next(resolved, latency(5_000), 80_000);
    expect(next(pending, latency(5_000), 81_000)).toMatchObject({ state: 'firing', acknowledgement });
    expect(next(pending, latency(5_000), 81_000, 2)).not.toHaveProperty('acknowledgement');
    const later = next(next(resolved, latency(5_000), 1_000_000), latency(5_000), 1_001_000);
    expect(later).toMatchObject({ state: 'firing', since: 1_000_000 });
    expect(later).not.toHaveProperty('acknowledgement');
  });

  it('is resolved by Keep Paused, with who did it, and fires again as another occurrence', () => {
    const firing = observe(reminder(1));
    if (firing?.state !== 'firing') throw new Error('not firing');
    const resolved = keepPaused(firing, kept);
    expect(resolved).toMatchObject({ state: 'resolved', seq: 2, changedAt: 9_000, condition: { kept } });
    const again = reduceAlert(resolved, { result: reminder(1), version: 1, now: 99_000 });
    expect(again).toMatchObject({ state: 'firing', since: 99_000, seq: 3, condition: { since: 1 } });
  });

  it('of a second pause is another occurrence', () => {
    expect(observe(reminder(1), reminder(2))).toMatchObject({ state: 'resolved' });
  });

  it('is the only alert that Keep Paused resolves', () => {
    const firing = observe(failed(1));
    expect(firing?.state === 'firing' && keepPaused(firing, kept)).toBeNull();
  });
});
