import { keys } from './keys.ts';
import type { TestServices } from './test-services.ts';

/** Moves the last completed cycle of the observer into the past, by Redis's clock. Returns when it completed, epoch ms. */
export async function completeCycleAgo({ redis, context }: TestServices, agoMs: number): Promise<number> {
  const completedAt = (await context.serverClock.now()) - agoMs;
  await redis.set(
    keys.observeCycle,
    JSON.stringify({ v: 1, completedAt, staleAfterMs: 90_000, unobservedProjects: 0 }),
  );
  return completedAt;
}
