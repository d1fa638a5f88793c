import { pino } from 'pino';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/application/faults.ts';
import { openCore } from '../../src/core.ts';
import { ownRedis } from '../support/redis.ts';
import { targetOf, testSettings } from '../support/world.ts';

it('a worker that cannot begin its rounds, since Redis went away meanwhile, says just that', async () => {
  await using redis = await ownRedis();
  const config = { redis: targetOf(redis.url), connections: {}, settings: testSettings };
  await using core = openCore(config, pino({ level: 'silent' }));
  await core.deps.store.ids();
  redis.kill('SIGKILL');
  await redis.exited;
  await expect(core.startWorker()).rejects.toBeInstanceOf(StoreUnavailable);
});
