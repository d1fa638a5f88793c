import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { waitFor } from './wait-for.ts';

test('The first truthy value is returned, and a condition that throws is not met yet.', async () => {
  let callCount = 0;
  const value = await waitFor(() => {
    callCount += 1;
    if (callCount === 1) throw new Error('not yet');
    return callCount === 3 ? { found: true } : undefined;
  });
  expect(value).toEqual({ found: true });
  expect(callCount).toBe(3);
});

test('A timeout names the description, the last value, the last error and the state.', async () => {
  const options = { description: 'the reply', timeoutMs: 1 };
  await expect(waitFor(() => 0, { ...options, describeState: () => 'Messages: none' })).rejects.toThrow(
    'Timed out after 1 ms waiting for the reply (last value: 0)\n\nMessages: none',
  );
  const error = new Error('no reply');
  await expect(waitFor(() => Promise.reject(error), options)).rejects.toMatchObject({ cause: error });
});

test('A change makes the condition be checked at once.', async () => {
  const changes = new EventEmitter();
  const values: number[] = [];
  let value = 0;
  const waiting = waitFor(() => values.push(value) && value === 3, { changes });
  for (const next of [1, 2, 3]) {
    await new Promise(setImmediate);
    value = next;
    changes.emit('change');
  }
  await waiting;
  expect(values.slice(-3)).toEqual([1, 2, 3]);
});
