import type { Redis } from 'ioredis';
import type { PausedUntil } from '../../src/domain/paused-until.ts';

/** Moves the end of a pause and the next restore of its timer into the past, as if that time had passed. */
export async function moveDeadline(redis: Redis, project: string, ms: number): Promise<void> {
  const key = `syncbot:{p:${project}}:state`;
  const stored = await redis.hget(key, 'pausedUntil');
  if (!stored) throw new Error(`the pause of ${project} has no end`);
  const until = JSON.parse(stored) as PausedUntil;
  const { at, setAt, nextAttemptAt } = until;
  const moved = { ...until, at: at - ms, setAt: setAt - ms, nextAttemptAt: nextAttemptAt - ms };
  await redis.hset(key, 'pausedUntil', JSON.stringify(moved));
}
