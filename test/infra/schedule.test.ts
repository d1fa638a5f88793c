import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openCore } from '../../src/core.ts';
import { ownRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { targetOf, testSettings } from '../support/world.ts';

it('a worker whose Redis went away before its rounds were scheduled says so once, and begins them when it is back', async () => {
  const redis = await ownRedis();
  const said: string[] = [];
  const log = pino({}, { write: (line: string) => void said.push(line) });
  await using core = openCore({ redis: targetOf(redis.url), connections: {}, settings: testSettings }, log);
  await core.deps.store.ids();
  await redis.stop();
  const started = core.startWorker();
  const sentences = () => said.filter((line) => line.includes('rounds not scheduled yet'));
  await waitFor(() => sentences().length > 0);
  await using _again = await ownRedis({ port: redis.port });
  await started;
  expect(sentences()).toHaveLength(1);
});
