import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, it } from 'vitest';
import type { RedisServer } from '../../demo/redis-server.ts';
import { startTestRedis } from '../support/test-redis.ts';
import { endpointOf } from '../support/test-services.ts';
import { createFailoverFixture, type FailoverFixture } from './failover-fixture.ts';
import { expectNoVersionGaps, expectPauseSurvives, expectRestoreSurvives } from './failover-scenarios.ts';

let dir: string;
let server: RedisServer;
let fixture: FailoverFixture;
const clients: Redis[] = [];
const args = ['--appendonly', 'yes', '--appendfsync', 'always'];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'syncbot-aof-'));
  server = await startTestRedis({ dir, args });
  const client = () => {
    const redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on('error', () => {});
    clients.push(redis);
    return redis;
  };
  fixture = await createFailoverFixture({ endpoint: endpointOf(server.url), client, prefixes: ['one', 'two'] });
});
afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
  for (const client of clients.splice(0)) client.disconnect();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const failure = {
  waitUntilDurable: async () => {},
  async fail() {
    server.kill('SIGKILL');
    await server.exited;
  },
  async recover() {
    server = await startTestRedis({ dir, args, port: server.port });
  },
};

it('a pause and a restore each have one outcome when a Redis with AOF dies while they run', async () => {
  await expectPauseSurvives(fixture, failure);
  await expectNoVersionGaps(fixture);
  await expectRestoreSurvives(fixture, failure);
  await expectNoVersionGaps(fixture);
});
