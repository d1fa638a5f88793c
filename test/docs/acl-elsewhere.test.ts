import { EventEmitter } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { openApp } from '../../src/app.ts';
import { configFile, runHere } from '../cli/shell.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { denied, grants, guardedServer } from './acl-server.ts';
import { page } from './pages.ts';

test('another database needs +select: without it everything would be looked for in database 0', async () => {
  await using server = await guardedServer();
  await using file = await configFile('projects: {}\n');
  const list = async (database: string) => {
    const env = { ...file.env, REDIS_URL: `${server.as('syncbot')}${database}` };
    return (await runHere(['list'], { env, openApp })).exit;
  };
  expect(await list('')).toBe(0);
  expect(await denied(server.admin)).toEqual([]);
  await list('/1');
  expect(await denied(server.admin)).toEqual(['syncbot: command select']);
  await server.admin.acl('LOG', 'RESET');
  await server.admin.acl('SETUSER', 'syncbot', '+select');
  expect(await list('/1')).toBe(0);
  expect(await denied(server.admin)).toEqual([]);
});

/** What the page adds for a Cluster. */
const added = [...(/a Cluster ([^;.]*)/.exec(page('security.md'))?.[1] ?? '').matchAll(/`(\+[^`]+)`/g)].map(
  ([, rule = '']) => rule,
);

test('a Cluster needs what the page adds for it', async () => {
  await using cluster = await startCluster();
  const { target } = cluster;
  if (target.kind !== 'cluster') return expect.unreachable();
  const addresses = target.nodes.map(({ host, port }) => `${host}:${port}`).join(',');
  const nodes = target.nodes.map(({ host, port }) => new Redis(port, host));
  const rules = grants.get('syncbot-all');
  const everywhere = (...added: string[]) =>
    Promise.all(nodes.map((node) => node.acl('SETUSER', 'syncbot-all', ...added)));
  await everywhere('on', `>${rules?.password}`, ...(rules?.rules.split(' ') ?? []));
  await using file = await configFile('projects:\n  orders:\n    adopt: true\n    links:\n      - queue: "{orders}"\n');
  const env = { ...file.env, REDIS_URL: `redis+cluster://syncbot-all:${rules?.password}@${addresses}` };
  const owner = new Cluster([...target.nodes]);
  await owner.hset('bull:{orders}:meta', 'version', 'bullmq:6.7.0');
  expect((await runHere(['list'], { env, openApp })).exit).toBe(1);
  await everywhere(...added);
  await Promise.all(nodes.map((node) => node.acl('LOG', 'RESET')));
  expect(await runHere(['apply', '--yes'], { env, openApp })).toMatchObject({ exit: 0 });
  const signals = new EventEmitter();
  const worker = runHere(['run', '--role', 'worker'], { env, openApp, signals });
  expect(await runHere(['pause', 'orders', '--yes'], { env, openApp })).toMatchObject({ exit: 0 });
  signals.emit('SIGTERM');
  expect((await worker).exit).toBe(0);
  for (const node of nodes) expect(await denied(node)).toEqual([]);
  for (const client of [owner, ...nodes]) client.disconnect();
});
