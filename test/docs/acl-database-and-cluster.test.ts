import { EventEmitter } from 'node:events';
import { Cluster, Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { runCliInProcess, writeConfigFile } from '../cli/cli-fixture.ts';
import { startTestCluster } from '../support/redis-cluster.ts';
import { deniedCommands, grantsByUser, startAclServer } from './acl-server.ts';
import { readPage } from './pages.ts';

test('a database other than 0 needs +select', async () => {
  await using server = await startAclServer();
  await using file = await writeConfigFile('projects: {}\n');
  const list = async (database: string) => {
    const env = { ...file.env, REDIS_URL: `${server.urlFor('syncbot')}${database}` };
    return (await runCliInProcess(['list'], { env, openApp: createApp })).exit;
  };
  expect(await list('')).toBe(0);
  expect(await deniedCommands(server.admin)).toEqual([]);
  expect(await list('/1')).toBe(1);
  expect(await deniedCommands(server.admin)).toEqual(['syncbot: command select']);
  await server.admin.acl('LOG', 'RESET');
  await server.admin.acl('SETUSER', 'syncbot', '+select');
  expect(await list('/1')).toBe(0);
  expect(await deniedCommands(server.admin)).toEqual([]);
});

/** The rules that docs/security.md adds for a Cluster. */
const clusterRules = [
  ...(/a Cluster ([^;.]*)/.exec(readPage('docs/security.md'))?.[1] ?? '').matchAll(/`(\+[^`]+)`/g),
].map(([, rule = '']) => rule);

test('a Cluster needs the rules that the page adds for it, and no others', async () => {
  await using cluster = await startTestCluster();
  const { endpoint } = cluster;
  if (endpoint.kind !== 'cluster') return expect.unreachable();
  const addresses = endpoint.nodes.map(({ host, port }) => `${host}:${port}`).join(',');
  const nodes = endpoint.nodes.map(({ host, port }) => new Redis(port, host));
  const rules = grantsByUser.get('syncbot-all');
  const setUser = (...newRules: string[]) =>
    Promise.all(nodes.map((node) => node.acl('SETUSER', 'syncbot-all', ...newRules)));
  await setUser('on', `>${rules?.password}`, ...(rules?.rules.split(' ') ?? []));
  const projects = ['orders', 'users'];
  await using file = await writeConfigFile(
    [
      'settings: { waves: { size: 1, wait: 1s } }\nprojects:',
      ...projects.map((id) => `  ${id}:\n    adopt: true\n    links:\n      - queue: "{${id}}"`),
    ].join('\n'),
  );
  const env = { ...file.env, REDIS_URL: `redis+cluster://syncbot-all:${rules?.password}@${addresses}` };
  const owner = new Cluster([...endpoint.nodes]);
  for (const id of projects) await owner.hset(`bull:{${id}}:meta`, 'version', 'bullmq:6.7.0');
  expect((await runCliInProcess(['list'], { env, openApp: createApp })).exit).toBe(1);
  await setUser(...clusterRules);
  await Promise.all(nodes.map((node) => node.acl('LOG', 'RESET')));
  expect(await runCliInProcess(['apply', '--yes'], { env, openApp: createApp })).toMatchObject({ exit: 0 });
  const signals = new EventEmitter();
  const worker = runCliInProcess(['run', '--role', 'worker'], { env, openApp: createApp, signals });
  for (const action of ['pause', 'restore'])
    expect(await runCliInProcess([action, ...projects, '--yes', '--json'], { env, openApp: createApp })).toMatchObject({
      exit: 0,
      err: '',
    });
  signals.emit('SIGTERM');
  expect((await worker).exit).toBe(0);
  for (const node of nodes) expect(await deniedCommands(node)).toEqual([]);
  for (const client of [owner, ...nodes]) client.disconnect();
});
