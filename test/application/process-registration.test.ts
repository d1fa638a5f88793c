import { expect, it } from 'vitest';
import { ProcessRegistration } from '../../src/application/process-registration.ts';

it('A process that ends while it reads the configuration is not registered again.', async () => {
  const calls: string[] = [];
  let finishReading = () => {};
  const reading = new Promise<void>((resolve) => {
    finishReading = resolve;
  });
  const registration = new ProcessRegistration({
    store: {
      registerProcess: async ({ id }) => void calls.push(`register ${id}`),
      removeProcess: async (id) => void calls.push(`remove ${id}`),
    },
    configuration: { refresh: () => reading, version: 1, unusable: [] },
    id: 'p1',
    role: 'worker',
  });
  const update = registration.update();
  await registration.end();
  finishReading();
  await update;
  expect(calls).toEqual(['remove p1']);
});
