import { describe, expect, it } from 'vitest';
import { type Alert, advance, isDue, openFindings } from '../../src/domain/alert.ts';
import type { Finding } from '../../src/domain/finding.ts';

const latency = (latencyMs: number): Finding => ({ kind: 'latency', latencyMs, limitMs: 1_000 });
const failed = (since: number): Finding => ({ kind: 'failed', since, failure: null });
const link = { queue: 'orders-full', connection: 'default', prefix: 'bull' };
const loose = (...links: string[]): Finding => ({
  kind: 'loose',
  cause: 'resumed',
  links: { total: links.length, first: links.map((queue) => ({ ...link, queue })) },
});

/** The alert after these looks, one a second, all at version 1 unless a look names another. */
function alertAfter(...looks: (Finding | null | undefined | { finding: Finding; version: number })[]): Alert | null {
  return looks.reduce<Alert | null>((alert, look, index) => {
    const { finding, version } = look && 'version' in look ? look : { finding: look, version: 1 };
    return advance(alert, { finding, version, now: (index + 1) * 1_000 });
  }, null);
}

describe('an alert', () => {
  it('of drift and latency is told when two looks in a row have found it', () => {
    expect(alertAfter(latency(5_000))).toMatchObject({ open: false, seq: 0, since: 1_000 });
    expect(alertAfter(latency(5_000), latency(6_000))).toMatchObject({ open: true, seq: 1, since: 1_000 });
    expect(alertAfter(latency(5_000), null)).toMatchObject({ open: false, seq: 0, finding: null });
    expect(alertAfter(loose('a'), null, loose('a'))).toMatchObject({ open: false, seq: 0, since: 3_000 });
  });

  it('two looks at different versions are not two in a row', () => {
    const moved = alertAfter(loose('a'), { finding: loose('a'), version: 2 });
    expect(moved).toMatchObject({ open: false, version: 2 });
    expect(alertAfter(loose('a'), { finding: loose('a'), version: 2 }, { finding: loose('a'), version: 2 })?.open).toBe(
      true,
    );
  });

  it('of a failure is told at once', () => {
    expect(alertAfter(failed(1))).toMatchObject({ open: true, seq: 1 });
  });

  it('that fails again after a restore ends the first, and begins anew', () => {
    expect(alertAfter(failed(1), failed(9))).toMatchObject({ open: false, finding: null, seq: 2 });
    expect(alertAfter(failed(1), failed(9), failed(9))).toMatchObject({ open: true, seq: 3, since: 3_000 });
  });

  it('ends when two looks in a row have not found it, and is told of that', () => {
    const open = [latency(5_000), latency(6_000)];
    expect(alertAfter(...open, null)).toMatchObject({ open: true, seq: 1, fading: true });
    expect(alertAfter(...open, null, latency(6_000))).toMatchObject({ open: true, seq: 1, fading: false });
    expect(alertAfter(...open, null, null)).toMatchObject({ open: false, finding: null, seq: 2 });
    expect(alertAfter(...open, null, null, null)).toMatchObject({ seq: 2 });
    expect(alertAfter(failed(1), null)).toMatchObject({ open: false, finding: null, seq: 2 });
  });

  it('that is back soon goes on in its message; links that run again are another one', () => {
    const [late, gone] = [latency(5_000), [null, null]];
    expect(alertAfter(late, late, ...gone, late)).toMatchObject({ open: false, since: 1_000, seq: 2 });
    expect(alertAfter(late, late, ...gone, late, late)).toMatchObject({ open: true, since: 1_000, seq: 3 });
    expect(alertAfter(loose('a'), loose('a'), ...gone, loose('a'), loose('a'))).toMatchObject({ since: 5_000, seq: 3 });
    const ended = alertAfter(late, late, ...gone);
    expect(advance(ended, { finding: late, version: 1, now: 604_000 })?.since).toBe(604_000);
  });

  it('is not touched by a look that could not see', () => {
    expect(alertAfter(undefined)).toBeNull();
    expect(alertAfter(latency(5_000), latency(6_000), undefined)).toMatchObject({ open: true, seq: 1 });
  });

  it('follows what is loudest at once, all else once a minute', () => {
    expect(alertAfter(loose('a'), loose('a'), loose('a', 'b'))).toMatchObject({ seq: 2 });
    expect(alertAfter(loose('a'), loose('a'), loose('a'))).toMatchObject({ seq: 1 });
    const open = alertAfter(latency(5_000), latency(6_000));
    expect(advance(open, { finding: latency(7_000), version: 1, now: 61_000 })).toBe(open);
    expect(advance(open, { finding: latency(7_000), version: 1, now: 62_000 })).toMatchObject({ seq: 2 });
    expect(advance(open, { finding: latency(6_000), version: 1, now: 62_000 })).toBe(open);
  });

  it('is due until its channel was told of its last change', () => {
    const alert = { since: 1, open: true, fading: false, finding: loose('a'), seq: 2, changedAt: 1, version: 1 };
    const told = { seq: 1, since: 1, message: null, over: false };
    expect([isDue({ alert, told: null }), isDue({ alert, told }), isDue({ alert, told: { ...told, seq: 2 } })]).toEqual(
      [true, true, false],
    );
    expect(openFindings({ loose: { alert, told } })).toEqual([loose('a')]);
    expect(openFindings({ loose: { alert: { ...alert, open: false }, told } })).toEqual([]);
  });
});
