import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { openCore } from '../../src/core.ts';
import { connect, disconnect, whenReady } from '../../src/infra/redis/connect.ts';
import type { RedisTarget } from '../../src/redis-address.ts';
import { ownRedis, sharedRedisUrl } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { targetOf, testSettings } from '../support/world.ts';

/** Where no server is (any more). */
async function nowhere() {
  const server = await ownRedis();
  await server.stop();
  return { host: server.host, port: server.port, url: server.url };
}

describe('a client of Redis', () => {
  it('ends at once, wherever it stands between two attempts to connect', async () => {
    const { url, ...node } = await nowhere();
    const targets: RedisTarget[] = [
      targetOf(url),
      { kind: 'cluster', nodes: [node] },
      { kind: 'sentinel', nodes: [node], master: 'main', db: 0 },
    ];
    for (const target of targets) {
      for (const use of ['commands', 'blocking'] as const) {
        const fresh = connect(target, use, () => {});
        await disconnect(fresh);
        const retrying = connect(target, use, () => {});
        // Sentinels are asked again and again within one attempt.
        const state = target.kind === 'sentinel' ? 'connecting' : 'reconnecting';
        await waitFor(() => retrying.status === state, { describe: `${target.kind} ${use}` });
        await disconnect(retrying);
      }
    }
  });

  it('is ready or is not, and says so in time', async () => {
    const near = connect(targetOf(sharedRedisUrl()), 'commands', () => {});
    expect(await whenReady(near, 10_000)).toBe(true);
    await disconnect(near);
    await disconnect(near);
    expect(await whenReady(near, 10_000)).toBe(false);
    const far = connect(targetOf((await nowhere()).url), 'commands', () => {});
    expect(await whenReady(far, 20)).toBe(false);
    const waiting = whenReady(far, 3_600_000);
    await disconnect(far);
    expect(await waiting).toBe(false);
  });
});

it('a process whose Redis was never there can be ended', async () => {
  const config = { redis: targetOf((await nowhere()).url), connections: {}, settings: testSettings };
  const app = openCore(config, pino({ level: 'silent' }));
  await expect(app.deps.store.ids()).rejects.toMatchObject({ name: 'StoreUnavailable', sent: 'no' });
  await app[Symbol.asyncDispose]();
});
