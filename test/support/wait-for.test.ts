import { expect, test } from 'vitest';
import { waitFor } from './wait-for.ts';

test('returns the first truthy answer; what throws is not met yet', async () => {
  let callCount = 0;
  const answer = await waitFor(() => {
    callCount += 1;
    if (callCount === 1) throw new Error('not yet');
    return callCount === 3 ? { found: true } : undefined;
  });
  expect(answer).toEqual({ found: true });
  expect(callCount).toBe(3);
});

test('a wait in vain says for what, and what was seen last', async () => {
  await expect(waitFor(() => 0, { description: 'the tide', timeoutMs: 1 })).rejects.toThrow(
    'Waited 1 ms in vain for the tide (last answer: 0)',
  );
  const error = new Error('no sea');
  const waiting = waitFor(() => Promise.reject(error), { description: 'the tide', timeoutMs: 1 });
  await expect(waiting).rejects.toMatchObject({ cause: error });
});
