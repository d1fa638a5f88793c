import type { Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { expect, it, vi } from 'vitest';
import { connect, disconnect, masterNodes, type RedisClient } from '../../../src/infra/redis/client.ts';
import { startTestCluster } from '../../support/redis-cluster.ts';
import { sharedRedisUrl } from '../../support/test-redis.ts';
import { endpointOf } from '../../support/test-services.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Sends 50 commands at once. Returns how often the sockets of the client write. */
async function countWrites(client: RedisClient): Promise<number> {
  const send = () => Promise.all(Array.from({ length: 50 }, () => client.get('key')));
  // A Cluster connects to a node at the first command for it.
  await send();
  const spies = masterNodes(client).flatMap(({ stream }) => spyOnWrites(stream));
  await send();
  return spies.reduce((count, { mock }) => count + mock.calls.length, 0);
}

/** Node calls one of the two methods for each system call. */
function spyOnWrites(socket: Socket | undefined) {
  if (socket === undefined) return [];
  return [vi.spyOn(socket, '_write'), vi.spyOn(socket as Required<Socket>, '_writev')];
}

it('The commands of one turn of the event loop are one write, also after a reconnect.', async () => {
  const client = connect(endpointOf(sharedRedisUrl()), 'commands', () => {});
  expect(await countWrites(client)).toBe(1);
  const { stream } = client as Redis;
  stream.destroy();
  await waitFor(() => (client as Redis).stream !== stream && client.status === 'ready');
  expect(await countWrites(client)).toBe(1);
  await disconnect(client);
});

it('The commands of one turn to a node of a Cluster are one write.', async () => {
  await using cluster = await startTestCluster();
  const client = connect(cluster.endpoint, 'commands', () => {});
  expect(await countWrites(client)).toBe(1);
  await disconnect(client);
});
