import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObservationStore } from '../../../src/application/stores.ts';
import { createObservationStore } from '../../../src/infra/redis/observation-store.ts';
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

  it('is reported once, until a worker observes the links again', async () => {
    expect(await observations.markObserved()).toBe(false);
    await observations.markNotObserved();
    expect(await observations.markObserved()).toBe(false);
    expect([await observations.markReported(), await observations.markReported()]).toEqual([true, false]);
    expect(await services.redis.pttl(keys.observerMissingReported)).toBeGreaterThan(0);
    expect([await observations.markObserved(), await observations.markObserved()]).toEqual([true, false]);
    expect(await observations.markReported()).toBe(true);
  });

  it('is reported again after a process that died while it recorded the end of an outage', async () => {
    await observations.markNotObserved();
    await observations.markReported();
    let deleted = 0;
    const client = new Proxy(services.redis, {
      get(redis, name) {
        if (name === 'del' && deleted++ > 0) return () => Promise.reject(new Error('the process died'));
        const value: unknown = Reflect.get(redis, name);
        return typeof value === 'function' ? value.bind(redis) : value;
      },
    });
    await expect(createObservationStore(client, keys).markObserved()).rejects.toThrow();
    expect(await observations.markReported()).toBe(true);
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

describe('the last time without cycles', () => {
  const cycle = { staleAfterMs: 90_000, unobservedProjects: 0 };

  /** As if the last cycle had completed earlier. */
  async function moveLastCycle(ms: number): Promise<number> {
    const record = JSON.parse((await services.redis.get(keys.observeCycle)) ?? '{}') as { completedAt: number };
    const completedAt = record.completedAt - ms;
    await services.redis.set(keys.observeCycle, JSON.stringify({ ...record, completedAt }));
    return completedAt;
  }

  it('ends with the cycle after it, and stays known', async () => {
    await observations.recordCycle(cycle);
    expect((await observations.readLastCycle())?.gap).toBeNull();
    const from = await moveLastCycle(90_001);
    for (let repeat = 0; repeat < 3; repeat++) await observations.recordCycle(cycle);
    const gap = (await observations.readLastCycle())?.gap;
    expect(gap?.from).toBe(from);
    expect(gap?.to).toBeGreaterThan(from + 90_000);
    await moveLastCycle(60_000);
    await observations.recordCycle(cycle);
    expect((await observations.readLastCycle())?.gap).toEqual(gap);
  });

  it('is not known from a record of an earlier version', async () => {
    const record = { v: 1, completedAt: 1, staleAfterMs: 90_000 };
    await services.redis.set(keys.observeCycle, JSON.stringify(record));
    expect(await observations.readLastCycle()).toMatchObject({ completedAt: 1, unobservedProjects: 0, gap: null });
    await observations.recordCycle(cycle);
    expect((await observations.readLastCycle())?.gap?.from).toBe(1);
  });
});
