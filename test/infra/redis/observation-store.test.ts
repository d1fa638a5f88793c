import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObservationStore } from '../../../src/application/stores.ts';
import { keys } from '../../support/keys.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let observations: ObservationStore;
beforeEach(async () => {
  services = await startTestServices();
  observations = services.context.observations;
});
afterEach(() => services[Symbol.asyncDispose]());

describe('the time since the first check that found no observer', () => {
  it('counts from the first check, and starts again after a check that found one', async () => {
    expect(await observations.markNotObserved()).toBe(0);
    await services.redis.decrby(keys.observerMissing, 40_000);
    expect(await observations.markNotObserved()).toBeGreaterThanOrEqual(40_000);
    await observations.markObserved();
    expect(await observations.markNotObserved()).toBe(0);
  });

  it('is forgotten when the checks stop', async () => {
    await observations.markNotObserved();
    const firstTtl = await services.redis.pttl(keys.observerMissing);
    expect(firstTtl).toBeGreaterThan(0);
    await services.redis.pexpire(keys.observerMissing, 1_000);
    await observations.markNotObserved();
    expect(await services.redis.pttl(keys.observerMissing)).toBeGreaterThan(1_000);
  });
});

it('A message is stored once per channel until it is removed.', async () => {
  const message = { channel: 'C0SYNC', since: null, message: { channel: 'C0SYNC', ts: '1.2' } };
  await observations.saveMessage({ ...message, since: 7 });
  await observations.saveMessage(message);
  expect(await observations.readMessages()).toEqual([message]);
  await observations.removeMessage('C0SYNC');
  expect(await observations.readMessages()).toEqual([]);
});
