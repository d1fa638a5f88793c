import { once } from 'node:events';
import { Queue, Worker } from 'bullmq';
import { Cluster } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RedisEndpoint } from '../../../src/config/redis-url.ts';
import { connect, disconnect, type RedisClient } from '../../../src/infra/redis/client.ts';
import { withTimeout } from '../../../src/lib/async.ts';
import { startTestCluster, type TestCluster } from '../../support/redis-cluster.ts';
import { waitFor } from '../../support/wait-for.ts';

let cluster: TestCluster;
const clients: RedisClient[] = [];
beforeEach(async () => {
  cluster = await startTestCluster();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map(disconnect));
  await cluster[Symbol.asyncDispose]();
});

function open(endpoint: RedisEndpoint = cluster.endpoint): Cluster {
  const client = connect(endpoint, 'blocking', () => {});
  clients.push(client);
  return client instanceof Cluster ? client : expect.unreachable();
}

/** Returns a connection like the one of a BullMQ worker for its blocking command, with a socket to each node. */
async function openBlocking(endpoint?: RedisEndpoint): Promise<Cluster> {
  const blocking = open(endpoint).duplicate();
  clients.push(blocking);
  await waitFor(() => blocking.status === 'ready');
  await Promise.all(blocking.nodes().map((node) => node.ping()));
  return blocking;
}

const listClients = async (client: Cluster) =>
  (await Promise.all(client.nodes().map((node) => node.client('LIST')))).join('\n');

it('A worker runs jobs again after the node of its queue did not answer, died and came back.', async () => {
  const connection = open();
  const prefix = '{orders}';
  const completed: string[] = [];
  const queue = new Queue('sync', { connection, prefix });
  queue.on('error', () => {});
  const options = { connection, prefix, drainDelay: 3, runRetryDelay: 200 };
  const worker = new Worker('sync', async ({ name }) => void completed.push(name), options);
  worker.on('error', () => {});
  const blocking = (await worker.getBackend().blockingClient) ?? expect.unreachable();
  const node = await cluster.nodeOf(prefix);
  try {
    await waitFor(async () => /idle=0 .*cmd=bzpopmin/.test(await listClients(connection)));
    cluster.suspend(node);
    await cluster.waitUntilDown(node);
    // BullMQ resets the connection a second after `drainDelay`.
    await waitFor(() => blocking.status !== 'ready');
    await cluster.kill(node);
    await waitFor(() => blocking.status === 'reconnecting');
    await cluster.restart(node);
    await queue.add('after', {});
    await waitFor(() => completed.length === 1, { description: 'the job to run' });
  } finally {
    await withTimeout(worker.close(true), 1_000);
    await queue.close();
  }
});

it('A disconnect ends if one node sends MOVED and the others do not answer.', async () => {
  const blocking = await openBlocking();
  // The map of the slots is out of date: it has all of them on node 0.
  blocking.slots.fill(blocking.slots[0] ?? []);
  for (const node of [1, 2]) cluster.suspend(node);
  blocking.get(await cluster.keyOn(1)).catch(() => {});
  await disconnect(blocking);
});

it('A client connects again after a disconnect if the nodes have host names.', async () => {
  const { nodes } = cluster.endpoint.kind === 'cluster' ? cluster.endpoint : expect.unreachable();
  // Unlike an address, this name of 127.0.0.1 is resolved.
  const blocking = await openBlocking({ kind: 'cluster', nodes: nodes.map(({ port }) => ({ host: '127.1', port })) });
  const ended = once(blocking, 'end');
  blocking.disconnect();
  await ended;
  await blocking.connect();
  expect(blocking.status).toBe('ready');
});
