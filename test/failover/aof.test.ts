import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, it } from 'vitest';
import { type RedisServer, startRedisServer } from '../../src/demo/redis-server.ts';
import { targetOf } from '../support/world.ts';
import { type Bench, openBench } from './bench.ts';
import { survives, survivesRestore, withoutGaps } from './scenario.ts';

let dir: string;
let server: RedisServer;
let bench: Bench;
const clients: Redis[] = [];
const args = ['--appendonly', 'yes', '--appendfsync', 'always'];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'syncbot-aof-'));
  server = await startRedisServer({ dir, args });
  const client = () => {
    const one = new Redis(server.url, { maxRetriesPerRequest: null });
    one.on('error', () => {});
    clients.push(one);
    return one;
  };
  bench = await openBench({ target: targetOf(server.url), client, prefixes: ['one', 'two'] });
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
  for (const client of clients.splice(0)) client.disconnect();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const failure = {
  safe: async () => {},
  async fail() {
    server.kill('SIGKILL');
    await server.exited;
  },
  async recover() {
    server = await startRedisServer({ dir, args, port: server.port });
  },
};

it('a Redis with AOF dies in the middle of a pause and of a restore: each ends in one outcome', async () => {
  await survives(bench, failure);
  await withoutGaps(bench);
  await survivesRestore(bench, failure);
  await withoutGaps(bench);
});
