import type { Redis } from 'ioredis';
import { z } from 'zod';

const waitingPauseSchema = z.object({ operation: z.string(), by: z.string(), until: z.number() });
export type WaitingPause = z.infer<typeof waitingPauseSchema>;

/** Reads which pause of a project waits until the project has caught up. Returns null if none does. */
export function readWaitingPause(text: string | null | undefined): WaitingPause | null {
  return text ? waitingPauseSchema.parse(JSON.parse(text)) : null;
}

/**
 * Lets the longest time of a wait end now. Moves it in both records, the operation and its project. Does nothing if no pause
 * waits any more.
 */
const passTimeScript = `
  local text = redis.call('HGET', KEYS[1], 'waitingPause')
  if not text or text == '' then return 0 end
  local waiting = cjson.decode(text)
  if waiting.operation ~= ARGV[1] then return 0 end
  local time = redis.call('TIME')
  waiting['until'] = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  redis.call('HSET', KEYS[1], 'waitingPause', cjson.encode(waiting))
  redis.call('HSET', KEYS[2], 'waitsUntil', string.format('%.0f', waiting['until']))
  return 1
`;

/** Lets time pass until a pause does not wait any longer. Returns false if the project has none that waits. */
export async function passWaitTime(redis: Redis, id: string): Promise<boolean> {
  const waiting = readWaitingPause(await redis.hget(`syncbot:{p:${id}}:state`, 'waitingPause'));
  if (waiting === null) return false;
  const keys = [`syncbot:{p:${id}}:state`, `syncbot:{p:${id}}:op:${waiting.operation}`];
  return (await redis.eval(passTimeScript, keys.length, ...keys, waiting.operation)) === 1;
}
