import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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

it('An include is replaced in a file with Windows line ends.', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'syncbot-lua-'));
  await writeFile(join(copy, 'main.lua'), '--- @include "part"\r\nreturn 1\r\n');
  await writeFile(join(copy, 'part.lua'), '-- the part');
  expect(loadScript(pathToFileURL(join(copy, 'main.lua'))).lua).toMatch(/^-- the part\nreturn 1/);
  await rm(copy, { recursive: true });
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
