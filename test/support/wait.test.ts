import { expect, test } from 'vitest';
import { waitFor } from './wait.ts';

test('returns the first truthy answer; what throws is not met yet', async () => {
  let asked = 0;
  const answer = await waitFor(() => {
    asked += 1;
    if (asked === 1) throw new Error('not yet');
    return asked === 3 ? { found: true } : undefined;
  });
  expect(answer).toEqual({ found: true });
  expect(asked).toBe(3);
});

test('a wait in vain says for what, and what was seen last', async () => {
  await expect(waitFor(() => 0, { describe: 'the tide', timeoutMs: 1 })).rejects.toThrow(
    'Waited 1 ms in vain for the tide (last answer: 0)',
  );
  const fault = new Error('no sea');
  const wait = waitFor(() => Promise.reject(fault), { describe: 'the tide', timeoutMs: 1 });
  await expect(wait).rejects.toMatchObject({ cause: fault });
});
