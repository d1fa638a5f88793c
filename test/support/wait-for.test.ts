import { expect, test } from 'vitest';
import { waitFor } from './wait-for.ts';

test('returns the first truthy result, and evaluates a condition that throws again', async () => {
  let callCount = 0;
  const result = await waitFor(() => {
    callCount += 1;
    if (callCount === 1) throw new Error('not yet');
    return callCount === 3 ? { found: true } : undefined;
  });
  expect(result).toEqual({ found: true });
  expect(callCount).toBe(3);
});

test('throws with the description and the last result after the timeout', async () => {
  await expect(waitFor(() => 0, { description: 'a row', timeoutMs: 1 })).rejects.toThrow(
    'Timed out after 1 ms waiting for a row (last result: 0)',
  );
  const error = new Error('no table');
  const waiting = waitFor(() => Promise.reject(error), { description: 'a row', timeoutMs: 1 });
  await expect(waiting).rejects.toMatchObject({ cause: error });
});
