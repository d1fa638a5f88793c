import { EventEmitter } from 'node:events';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RedisServer } from '../../../demo/redis-server.ts';
import { createApp } from '../../../src/app.ts';
import { noWatermark } from '../../../src/domain/link.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { connect, disconnect, whenReady } from '../../../src/infra/redis/client.ts';
import { runCliInProcess, writeConfigFile } from '../../cli/cli-fixture.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { endpointOf } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

let server: RedisServer;
let admin: Redis;
beforeEach(async () => {
  server = await startTestRedis();
  admin = new Redis(server.url);
  await admin.acl('SETUSER', 'limited', 'on', '>pw', '~*', '&*', '+@all', '-select');
});
afterEach(async () => {
  admin.disconnect();
  await server.stop();
});

const urlOf = {
  'a user without the right to SELECT': () => `${server.url.replace('//', '//limited:pw@')}/3`,
  'a database that does not exist': () => `${server.url}/99`,
};

/** Every key of database 0, and how often each command that reads or writes keys was called. */
async function serverState() {
  const stats = await admin.info('commandstats');
  const keyCommands = /cmdstat_(?!acl|select|info|client|auth|keys|dump|hello|ping)(\S+):calls=(\d+)/g;
  return { keys: (await admin.keys('*')).sort(), commands: [...stats.matchAll(keyCommands)].map(([call]) => call) };
}

describe.each(['a user without the right to SELECT', 'a database that does not exist'] as const)('%s', (name) => {
  it('A client sends no command to database 0.', async () => {
    for (const use of ['commands', 'links', 'blocking'] as const) {
      const errors: Error[] = [];
      const client = connect(endpointOf(urlOf[name]()), use, (error) => errors.push(error));
      const written = client.set('key', 'value').catch((error: Error) => error);
      await waitFor(() => errors.length > 0);
      expect(await written).toBeInstanceOf(Error);
      expect(await whenReady(client, 50)).toBe(false);
      const duplicate = use === 'blocking' && client instanceof Redis ? client.duplicate() : null;
      const duplicateWrite = duplicate?.set('key', 'value').catch((error: Error) => error);
      if (duplicate !== null) expect(await duplicateWrite).toBeInstanceOf(Error);
      duplicate?.disconnect();
      await disconnect(client);
    }
    expect(await admin.keys('*')).toEqual([]);
  });

  it('The links of such a connection are unreachable, and the queues of database 0 stay as they are.', async () => {
    await admin.hset('bull:orders:meta', 'version', 'bullmq:6.7.0');
    const before = await serverState();
    const errors: Error[] = [];
    await using connections = createLinkConnections({ warehouse: endpointOf(urlOf[name]()) }, (_name, error) =>
      errors.push(error),
    );
    const gateway = createLinkGateway(connections);
    const link = { queue: 'orders', connection: 'warehouse', prefix: 'bull' };
    const fault = { kind: 'wrong_database' };
    const timeouts = { responseMs: 100, validForMs: 10_000 };
    expect(await gateway.readStatuses([link], 100)).toEqual(['unreachable']);
    expect(await gateway.setPaused([link], 'paused', timeouts)).toEqual(['unreachable']);
    expect(await gateway.observe([{ link, watermark: noWatermark }])).toEqual([{ kind: 'unreachable', link, fault }]);
    expect(await gateway.readConnections(['warehouse'])).toEqual([{ kind: 'unreachable', name: 'warehouse', fault }]);
    expect(await serverState()).toEqual(before);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringMatching(/NOPERM|DB index is out of range/)]);
  });

  it('run ends with exit code 2, doctor fails, a command exits with 1, and nothing is read or written.', async () => {
    await using file = await writeConfigFile('projects: { orders: { adopt: true, links: [{ queue: orders }] } }\n');
    const before = await serverState();
    const env = { ...file.env, REDIS_URL: urlOf[name]() };
    const signals = new EventEmitter();
    const run = (...argv: string[]) => runCliInProcess(argv, { env, openApp: createApp, signals });
    const refused = expect.stringContaining('Redis refuses the database of REDIS_URL');
    expect(await run('run', '--role', 'worker')).toMatchObject({ exit: 2, err: refused });
    expect(await run('list')).toMatchObject({ exit: 1, err: refused });
    expect(await run('apply', '--yes')).toMatchObject({ exit: 1, err: refused });
    expect(await run('doctor')).toMatchObject({
      exit: 1,
      out: expect.stringContaining('refuses the database of its URL'),
    });
    expect(await serverState()).toEqual(before);
  });
});

it('A connection answers as soon as the server grants SELECT.', async () => {
  const client = connect(endpointOf(urlOf['a user without the right to SELECT']()), 'links', () => {});
  expect(await whenReady(client, 50)).toBe(false);
  await admin.acl('SETUSER', 'limited', '+select');
  expect(await whenReady(client, 30_000)).toBe(true);
  await client.set('key', 'value');
  expect(await admin.keys('*')).toEqual([]);
  await disconnect(client);
});
