import { withTimeout } from '../../lib/async.ts';
import { type RedisClient, whenReady } from '../redis/client.ts';

/**
 * Remembers whether the last call of a connection failed or timed out. A call that is repeated every few seconds skips
 * such a connection until it answers a PING. Otherwise it would wait for its whole timeout each time.
 */
export interface CircuitBreaker {
  recordFailure(): void;
  recordSuccess(): void;
  /** Whether the last call failed or timed out. */
  isOpen(): boolean;
  /** Sends a PING if the breaker is open. */
  isAvailable(): Promise<boolean>;
}

const pingTimeoutMs = 250;

export function createCircuitBreaker(client: RedisClient): CircuitBreaker {
  let isOpen = false;
  return {
    recordFailure() {
      isOpen = true;
    },
    recordSuccess() {
      isOpen = false;
    },
    isOpen: () => isOpen,
    async isAvailable() {
      if (!isOpen) return true;
      const isReady = await whenReady(client, pingTimeoutMs);
      if (isReady && (await withTimeout(client.ping(), pingTimeoutMs)).kind === 'resolved') isOpen = false;
      return !isOpen;
    },
  };
}
