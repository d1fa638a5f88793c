import { expect, it } from 'vitest';
import { homeCollectMs, homeIntervalMs, maxHomeViewers } from '../../src/domain/home-updates.ts';

it('All viewers together get at most 50 updates a minute, and one viewer at most one every two seconds.', () => {
  for (let viewers = 1; viewers <= maxHomeViewers; viewers++) {
    const interval = homeIntervalMs(viewers);
    expect((viewers * 60_000) / interval).toBeLessThanOrEqual(50);
    expect(interval).toBeGreaterThanOrEqual(homeCollectMs);
  }
  expect(homeIntervalMs(1)).toBe(homeCollectMs);
});
