/** The items in their order, at most `size` at a time. */
export function toChunks<T>(items: readonly T[], size: number): T[][] {
  const chunks = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}

/** How a promise that was waited for ended, or that it had not. */
export type TimedResult<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'late' };

/** Waits for a promise, at most `ms`. Never throws; what comes later is dropped. */
export async function timedResult<T>(promise: Promise<T>, timeoutMs: number): Promise<TimedResult<T>> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<TimedResult<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'late' }), timeoutMs);
  });
  const settled = promise.then(
    (value): TimedResult<T> => ({ kind: 'answered', value }),
    (error: unknown): TimedResult<T> => ({ kind: 'failed', error }),
  );
  const result = await Promise.race([settled, timeout]);
  clearTimeout(timer);
  return result;
}

/** What a promise answers, or undefined when it fails or does not within `ms`. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  const result = await timedResult(promise, timeoutMs);
  return result.kind === 'answered' ? result.value : undefined;
}

/** Resolves or rejects as `promise` does, or rejects after `timeoutMs`. */
export async function rejectAfter<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const result = await timedResult(promise, timeoutMs);
  if (result.kind === 'answered') return result.value;
  throw result.kind === 'failed' ? result.error : new Error(`not settled within ${timeoutMs} ms`);
}
