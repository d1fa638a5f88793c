import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { loadScript, runScript } from '../../../src/infra/redis/scripts.ts';
import { startTestRedis } from '../../support/test-redis.ts';

const folder = new URL('../../../src/infra/redis/lua/', import.meta.url);

it('An include is replaced by the file of that name.', () => {
  const { lua } = loadScript(new URL('claim-operation.lua', folder));
  expect(lua).not.toContain('@include');
  expect(lua).toContain(readFileSync(new URL('project-step.lua', folder), 'utf8'));
});

it('A script that does not exist cannot be loaded.', () => {
  expect(() => loadScript(new URL('unknown.lua', folder))).toThrow(/ENOENT/);
});

it('Every script compiles.', async () => {
  await using server = await startTestRedis();
  const redis = new Redis(server.url);
  for (const file of readdirSync(folder)) {
    const { lua, sha } = loadScript(new URL(file, folder));
    expect(await redis.script('LOAD', lua), file).toBe(sha);
  }
  redis.disconnect();
});

it('A script runs although the server does not know it.', async () => {
  await using server = await startTestRedis();
  const redis = new Redis(server.url);
  const script = loadScript(new URL('deduplicate.lua', folder));
  const call = { keys: ['mark'], args: [JSON.stringify({ token: 'a', ttlMs: 60_000 })] };
  expect(await runScript(redis, script, call)).toBe('{"kind":"first"}');
  redis.disconnect();
});
