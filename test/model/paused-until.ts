import type { Redis } from 'ioredis';
import { z } from 'zod';

/** The end of a pause in the record of its project. */
export const pausedUntilSchema = z.object({
  at: z.number(),
  by: z.string(),
  setAt: z.number(),
  operation: z.string(),
  version: z.number(),
  attempts: z.number(),
  nextAttemptAt: z.number(),
  stopped: z.unknown().optional(),
});
export type PausedUntil = z.infer<typeof pausedUntilSchema>;

/** Reads the end of a pause. Returns null without one. */
export function readPausedUntil(text: string | null | undefined): PausedUntil | null {
  return text ? pausedUntilSchema.parse(JSON.parse(text)) : null;
}

/** Whether the timer still acts at this end. */
export function isActiveEnd(end: PausedUntil | null): end is PausedUntil {
  return end !== null && (end.stopped ?? null) === null;
}

/** The event that `passPauseTime` adds to a stream of its own. */
export const passedTimeEvent = 'model_time_passed';

/**
 * Moves the end of a pause towards now, unless the timer is due or the project changes. The end is due a moment later, so that
 * what follows has a later time than the entry of this change.
 */
const passTimeScript = `
  local record = redis.call('HMGET', KEYS[1], 'pausedUntil', 'activeOperation', 'version')
  if not record[1] or record[1] == '' or record[2] ~= '' then return 0 end
  local pause = cjson.decode(record[1])
  if pause.stopped and pause.stopped ~= cjson.null then return 0 end
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  if pause.nextAttemptAt <= now + 50 then return 0 end
  local target = now + tonumber(ARGV[1])
  if pause.nextAttemptAt <= target then return 0 end
  local passed, from = pause.nextAttemptAt - target, pause.at
  pause.at, pause.setAt, pause.nextAttemptAt = pause.at - passed, pause.setAt - passed, target
  redis.call('HSET', KEYS[1], 'pausedUntil', cjson.encode(pause))
  redis.call('XADD', KEYS[2], '*', 'event', '${passedTimeEvent}', 'at', string.format('%.0f', now),
    'version', record[3], 'from', string.format('%.0f', from), 'to', string.format('%.0f', pause.at))
  return 1
`;

const remainingMs = { end: 50, notice: 10 * 60_000 } as const;

/** Lets time pass for the pause of a project. Returns false if its pause has no end, or is closer to it. */
export async function passPauseTime(redis: Redis, id: string, until: keyof typeof remainingMs): Promise<boolean> {
  const keys = [`syncbot:{p:${id}}:state`, passedTimesKey(id)];
  return (await redis.eval(passTimeScript, keys.length, ...keys, remainingMs[until])) === 1;
}

/** Stream: the times that `passPauseTime` has moved. */
export function passedTimesKey(id: string): string {
  return `model:{p:${id}}:passed`;
}
