/** How a promise that was waited for ended, or that it had not. */
export type Waited<T> =
  | { readonly kind: 'answered'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'late' };

/** Waits for a promise, at most `ms`. Never throws; what comes later is dropped. */
export async function outcomeWithin<T>(promise: Promise<T>, ms: number): Promise<Waited<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Waited<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'late' }), ms);
  });
  const ended = promise.then(
    (value): Waited<T> => ({ kind: 'answered', value }),
    (error: unknown): Waited<T> => ({ kind: 'failed', error }),
  );
  const waited = await Promise.race([ended, late]);
  clearTimeout(timer);
  return waited;
}

/** What a promise answers, or undefined when it fails or does not within `ms`. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  const waited = await outcomeWithin(promise, ms);
  return waited.kind === 'answered' ? waited.value : undefined;
}
