/** Splits the items into chunks of at most `size`, in their order. */
export function toChunks<T>(items: readonly T[], size: number): T[][] {
  const chunks = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}

export type TimedResult<T> =
  | { readonly kind: 'resolved'; readonly value: T }
  | { readonly kind: 'rejected'; readonly error: unknown }
  | { readonly kind: 'timed_out' };

/** Waits for the promise, at most `timeoutMs`. Never rejects. After a timeout the promise goes on, and its result is ignored. */
export async function withTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<TimedResult<T>> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<TimedResult<T>>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'timed_out' }), timeoutMs);
  });
  const settled = promise.then(
    (value): TimedResult<T> => ({ kind: 'resolved', value }),
    (error: unknown): TimedResult<T> => ({ kind: 'rejected', error }),
  );
  const result = await Promise.race([settled, timeout]);
  clearTimeout(timer);
  return result;
}

const sliceMs = 100;

/**
 * Like `withTimeout`, but time in which this process could not run does not count: the promise may be settled by what waits
 * to be read. Node runs late timers before it reads from sockets, so the wait is made of slices of 100 ms.
 */
export async function withRunningTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<TimedResult<T>> {
  for (let leftMs = timeoutMs; leftMs > 0; leftMs -= sliceMs) {
    const result = await withTimeout(promise, Math.min(sliceMs, leftMs));
    if (result.kind !== 'timed_out') return result;
  }
  return { kind: 'timed_out' };
}

export interface IsolatedWork<Item> {
  readonly work: (item: Item) => Promise<void>;
  /** Handles the error of one item. What it throws rejects the whole call. */
  readonly onError: (error: unknown, item: Item) => void;
}

/** Works on all items at once. An error of one item does not stop the work on the others. */
export async function forEachIsolated<Item>(
  items: readonly Item[],
  { work, onError }: IsolatedWork<Item>,
): Promise<void> {
  await Promise.all(items.map((item) => work(item).catch((error: unknown) => onError(error, item))));
}

/** Like `withTimeout`, but rejects as the promise does, or after the timeout. */
export async function rejectAfter<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  const result = await withTimeout(promise, timeoutMs);
  if (result.kind === 'resolved') return result.value;
  throw result.kind === 'rejected' ? result.error : new Error(`not settled within ${timeoutMs} ms`);
}
