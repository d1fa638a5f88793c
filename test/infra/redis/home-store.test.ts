import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HomeStore } from '../../../src/application/home-store.ts';
import { homeUpdatesForMs, maxHomeViewers } from '../../../src/domain/home-updates.ts';
import { keys } from '../../support/keys.ts';
import { startTestServices, type TestServices } from '../../support/test-services.ts';

let services: TestServices;
let homes: HomeStore;
beforeEach(async () => {
  services = await startTestServices();
  homes = services.context.homes;
});
afterEach(() => services[Symbol.asyncDispose]());

const alice = { user: 'U0ALICE', team: 'T0001', filter: null };
const published = { at: 7, digest: 'd', hash: '1.h' };
const users = async () => (await homes.listViewers()).map(({ user }) => user);

describe('the viewers of Home', () => {
  it('keep their filter until they choose another one', async () => {
    await homes.open(alice);
    expect(await homes.listViewers()).toEqual([
      { user: 'U0ALICE', team: 'T0001', filter: '', openedAt: expect.any(Number), published: null },
    ]);
    await homes.open({ ...alice, filter: 'failed' });
    await homes.open(alice);
    expect(await homes.listViewers()).toMatchObject([{ filter: 'failed' }]);
  });

  it('are those who opened it within a day, the last one first', async () => {
    for (const user of ['U0BOB', 'U0ALICE']) {
      await homes.open({ ...alice, user });
      const text = (await services.redis.hget(keys.homes, user)) ?? '';
      const stored = JSON.parse(text);
      const openedAt = stored.openedAt - (user === 'U0BOB' ? homeUpdatesForMs : 60_000);
      await services.redis.hset(keys.homes, user, JSON.stringify({ ...stored, openedAt }));
    }
    await homes.open({ ...alice, user: 'U0CAROL', team: null });
    expect(await users()).toEqual(['U0CAROL', 'U0ALICE']);
    expect(await services.redis.hexists(keys.homes, 'U0BOB')).toBe(0);
    expect(await services.redis.pttl(keys.homes)).toBeGreaterThan(homeUpdatesForMs - 60_000);
  });

  it('are bounded: the one who opened it longest ago goes first, with what they saw', async () => {
    await homes.open(alice);
    await homes.savePublished('U0ALICE', published);
    const text = (await services.redis.hget(keys.homes, 'U0ALICE')) ?? '';
    await services.redis.hset(
      keys.homes,
      'U0ALICE',
      JSON.stringify({ ...JSON.parse(text), openedAt: JSON.parse(text).openedAt - 1_000 }),
    );
    for (let index = 0; index < maxHomeViewers; index++) await homes.open({ ...alice, user: `U0USER${index}` });
    expect(await users()).toHaveLength(maxHomeViewers);
    expect(await services.redis.hmget(keys.homes, 'U0ALICE', 'U0ALICE:published')).toEqual([null, null]);
  });

  it('see what was published for them, until they are removed', async () => {
    await homes.open(alice);
    await homes.savePublished('U0ALICE', published);
    expect(await homes.listViewers()).toMatchObject([{ published }]);
    await homes.open(alice);
    expect(await homes.listViewers()).toMatchObject([{ published }]);
    await homes.remove('U0ALICE');
    await homes.savePublished('U0ALICE', published);
    expect(await services.redis.exists(keys.homes)).toBe(0);
  });

  it('are left out if a newer version wrote them, and come back when they open it', async () => {
    await services.redis.hset(keys.homes, 'U0ALICE', '{"v":2}', 'U0BOB', 'no JSON');
    expect(await users()).toEqual([]);
    await homes.open(alice);
    expect(await users()).toEqual(['U0ALICE']);
  });
});

describe('the newest operations', () => {
  it('are those of all projects, newest first, without those of removed projects', async () => {
    for (const id of ['orders', 'users']) {
      await services.createProject(id, [await services.createLink(`${id}-full`)]);
      await services.requestAndConfirm(id, 'pause');
    }
    await services.redis.zadd(keys.newestOperations, 1, 'gone/op', 2, 'damaged');
    const newest = await services.context.operations.listNewest();
    expect(newest.map(({ project, state }) => [project, state])).toEqual([
      ['users', 'confirmed'],
      ['orders', 'confirmed'],
    ]);
  });

  it('are bounded', async () => {
    const old = Array.from({ length: 300 }, (_entry, index) => [index, `orders/old${index}`]).flat();
    await services.redis.zadd(keys.newestOperations, ...old);
    await services.createProject('orders', [await services.createLink('orders-full')]);
    await services.requestAndConfirm('orders', 'pause');
    expect(await services.redis.zcard(keys.newestOperations)).toBe(200);
    expect(await services.context.operations.listNewest()).toHaveLength(1);
  });
});
