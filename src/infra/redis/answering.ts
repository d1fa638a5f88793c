import { within } from '../../application/within.ts';
import { call } from './call.ts';
import type { RedisClient } from './connect.ts';

const answerWithinMs = 1_000;

/** Tells whether a server answers within a second. Those who ask at the same time share one question. */
export function answering(client: RedisClient): () => Promise<boolean> {
  let asked: Promise<boolean> | null = null;
  return () => {
    asked ??= pong(client).finally(() => {
      asked = null;
    });
    return asked;
  };
}

async function pong(client: RedisClient): Promise<boolean> {
  const answer = await within(
    call(client, (redis) => redis.ping()),
    answerWithinMs,
  );
  return answer === 'PONG';
}
