import { describe, expect, it } from 'vitest';
import { type Alert, firingConditions, needsNotification, reduceAlert } from '../../src/domain/alert.ts';
import type { Condition } from '../../src/domain/conditions.ts';

const latency = (latencyMs: number): Condition => ({ kind: 'latency', latencyMs, limitMs: 1_000 });
const projectFailed = (since: number): Condition => ({ kind: 'project_failed', since, failure: null });
const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const unexpectedlyRunning = (...links: string[]): Condition => ({
  kind: 'unexpectedly_running',
  cause: 'resumed',
  links: { total: links.length, first: links.map((queue) => ({ ...link, queue })) },
});

/** The alert after these looks, one a second, all at version 1 unless a look names another. */
function reduceObservations(
  ...observations: (Condition | null | undefined | { condition: Condition; version: number })[]
): Alert | null {
  return observations.reduce<Alert | null>((alert, observation, index) => {
    const { condition, version } =
      observation && 'version' in observation ? observation : { condition: observation, version: 1 };
    return reduceAlert(alert, { condition, version, now: (index + 1) * 1_000 });
  }, null);
}

describe('an alert', () => {
  it('of drift and latency is told when two looks in a row have found it', () => {
    expect(reduceObservations(latency(5_000))).toMatchObject({ firing: false, seq: 0, since: 1_000 });
    expect(reduceObservations(latency(5_000), latency(6_000))).toMatchObject({ firing: true, seq: 1, since: 1_000 });
    expect(reduceObservations(latency(5_000), null)).toMatchObject({ firing: false, seq: 0, condition: null });
    expect(reduceObservations(unexpectedlyRunning('a'), null, unexpectedlyRunning('a'))).toMatchObject({
      firing: false,
      seq: 0,
      since: 3_000,
    });
  });

  it('two looks at different versions are not two in a row', () => {
    const changed = reduceObservations(unexpectedlyRunning('a'), { condition: unexpectedlyRunning('a'), version: 2 });
    expect(changed).toMatchObject({ firing: false, version: 2 });
    expect(
      reduceObservations(
        unexpectedlyRunning('a'),
        { condition: unexpectedlyRunning('a'), version: 2 },
        { condition: unexpectedlyRunning('a'), version: 2 },
      )?.firing,
    ).toBe(true);
  });

  it('of a failure is told at once', () => {
    expect(reduceObservations(projectFailed(1))).toMatchObject({ firing: true, seq: 1 });
  });

  it('that fails again after a restore ends the first, and begins anew', () => {
    expect(reduceObservations(projectFailed(1), projectFailed(9))).toMatchObject({
      firing: false,
      condition: null,
      seq: 2,
    });
    expect(reduceObservations(projectFailed(1), projectFailed(9), projectFailed(9))).toMatchObject({
      firing: true,
      seq: 3,
      since: 3_000,
    });
  });

  it('ends when two looks in a row have not found it, and is told of that', () => {
    const open = [latency(5_000), latency(6_000)];
    expect(reduceObservations(...open, null)).toMatchObject({ firing: true, seq: 1, resolving: true });
    expect(reduceObservations(...open, null, latency(6_000))).toMatchObject({ firing: true, seq: 1, resolving: false });
    expect(reduceObservations(...open, null, null)).toMatchObject({ firing: false, condition: null, seq: 2 });
    expect(reduceObservations(...open, null, null, null)).toMatchObject({ seq: 2 });
    expect(reduceObservations(projectFailed(1), null)).toMatchObject({ firing: false, condition: null, seq: 2 });
  });

  it('that is back soon goes on in its message; links that run again are another one', () => {
    const [highLatency, twoNegatives] = [latency(5_000), [null, null]];
    expect(reduceObservations(highLatency, highLatency, ...twoNegatives, highLatency)).toMatchObject({
      firing: false,
      since: 1_000,
      seq: 2,
    });
    expect(reduceObservations(highLatency, highLatency, ...twoNegatives, highLatency, highLatency)).toMatchObject({
      firing: true,
      since: 1_000,
      seq: 3,
    });
    expect(
      reduceObservations(
        unexpectedlyRunning('a'),
        unexpectedlyRunning('a'),
        ...twoNegatives,
        unexpectedlyRunning('a'),
        unexpectedlyRunning('a'),
      ),
    ).toMatchObject({ since: 5_000, seq: 3 });
    const ended = reduceObservations(highLatency, highLatency, ...twoNegatives);
    expect(reduceAlert(ended, { condition: highLatency, version: 1, now: 604_000 })?.since).toBe(604_000);
  });

  it('is not touched by a look that could not see', () => {
    expect(reduceObservations(undefined)).toBeNull();
    expect(reduceObservations(latency(5_000), latency(6_000), undefined)).toMatchObject({ firing: true, seq: 1 });
  });

  it('follows what is loudest at once, all else once a minute', () => {
    expect(
      reduceObservations(unexpectedlyRunning('a'), unexpectedlyRunning('a'), unexpectedlyRunning('a', 'b')),
    ).toMatchObject({ seq: 2 });
    expect(
      reduceObservations(unexpectedlyRunning('a'), unexpectedlyRunning('a'), unexpectedlyRunning('a')),
    ).toMatchObject({ seq: 1 });
    const open = reduceObservations(latency(5_000), latency(6_000));
    expect(reduceAlert(open, { condition: latency(7_000), version: 1, now: 61_000 })).toBe(open);
    expect(reduceAlert(open, { condition: latency(7_000), version: 1, now: 62_000 })).toMatchObject({ seq: 2 });
    expect(reduceAlert(open, { condition: latency(6_000), version: 1, now: 62_000 })).toBe(open);
  });

  it('is due until its channel was told of its last change', () => {
    const alert = {
      since: 1,
      firing: true,
      resolving: false,
      condition: unexpectedlyRunning('a'),
      seq: 2,
      changedAt: 1,
      version: 1,
    };
    const delivered = { seq: 1, since: 1, message: null, resolved: false };
    expect([
      needsNotification({ alert, delivered: null }),
      needsNotification({ alert, delivered }),
      needsNotification({ alert, delivered: { ...delivered, seq: 2 } }),
    ]).toEqual([true, true, false]);
    expect(firingConditions({ unexpectedly_running: { alert, delivered } })).toEqual([unexpectedlyRunning('a')]);
    expect(firingConditions({ unexpectedly_running: { alert: { ...alert, firing: false }, delivered } })).toEqual([]);
  });
});
