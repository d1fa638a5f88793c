import { describe, expect, it } from 'vitest';
import { observationStatus, staleAfterMs } from '../../src/domain/observation-status.ts';

const completedAt = 1_000_000;
const lastCycle = { completedAt, staleAfterMs: 90_000, unobservedProjects: 0, gap: null };

describe('the observation status', () => {
  it.each([
    ['right after a cycle', lastCycle, 0, { kind: 'observed' }],
    ['at the end of the time in which the next cycle completes', lastCycle, 90_000, { kind: 'observed' }],
    ['after that time', lastCycle, 90_001, { kind: 'not_observed', since: completedAt }],
    ['before the first cycle', null, 0, { kind: 'not_observed', since: null }],
  ])('%s', (_when, cycle, elapsedMs, status) => {
    expect(observationStatus(cycle, completedAt + elapsedMs)).toEqual(status);
  });

  it.each([
    ['short cycles: another worker takes over within this time', { intervalMs: 5_000, durationMs: 100 }, 90_000],
    ['a long interval', { intervalMs: 60_000, durationMs: 100 }, 180_000],
    ['long cycles, each followed by a pause as long', { intervalMs: 5_000, durationMs: 40_000 }, 240_000],
  ])('is stale after: %s', (_why, cycle, ms) => {
    expect(staleAfterMs(cycle)).toBe(ms);
  });
});
