import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, Redis } from 'ioredis';
import type { RedisServer } from '../../demo/redis-server.ts';
import type { RedisEndpoint } from '../../src/config/redis-url.ts';
import { repairCluster } from '../../src/infra/redis/repair-cluster.ts';
import { startTestRedis } from './test-redis.ts';
import { findFreeTlsPort, type TestCertificates, tlsServerOptions } from './tls-certificates.ts';
import { waitFor } from './wait-for.ts';

/** Three primaries with a third of the slots each. Redis writes each change to disk before it replies. */
export interface TestCluster extends AsyncDisposable {
  readonly endpoint: RedisEndpoint;
  client(): Cluster;
  /** Returns the index of the node with this key. */
  nodeOf(key: string): Promise<number>;
  /** Returns a key on this node. It is a hash tag. */
  keyOn(node: number): Promise<string>;
  /** Stops a node from answering. It keeps its connections. */
  suspend(node: number): void;
  /** Waits until the other nodes report that the cluster is down. */
  waitUntilDown(node: number): Promise<void>;
  kill(node: number): Promise<void>;
  /** Starts a killed node again with its data. */
  restart(node: number): Promise<void>;
}

const host = '127.0.0.1';
const slotCount = 16_384;
const serverArgs = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'],
  ...['--appendonly', 'yes', '--appendfsync', 'always'],
];

/** `tls`: the nodes also listen with TLS, on the ports of `endpoint`, and use it among themselves. */
export async function startTestCluster({ tls }: { readonly tls?: TestCertificates } = {}): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'syncbot-cluster-'));
  const nodeFolder = (node: number) => join(folder, String(node));
  const tlsPorts = tls === undefined ? null : await Promise.all([0, 1, 2].map(findFreeTlsPort));
  const tlsArgs = (node: number) =>
    tls === undefined
      ? []
      : [...tlsServerOptions(tls, tls.namedServer), '--tls-port', String(tlsPorts?.[node]), '--tls-cluster', 'yes'];
  const start = (node: number, port?: number): Promise<RedisServer> =>
    startTestRedis({
      dir: nodeFolder(node),
      args: [...serverArgs, ...tlsArgs(node)],
      ...(port === undefined ? {} : { port }),
    });
  const servers = await Promise.all([0, 1, 2].map((node) => start(node)));
  const nodeClients = servers.map(({ port }) => ignoreErrors(new Redis(port, host)));
  const clusters: Cluster[] = [];
  const nodes = servers.map(({ port }) => ({ host, port }));
  for (const [node, nodeClient] of nodeClients.entries()) {
    const firstSlot = Math.ceil((node * slotCount) / 3);
    await nodeClient.call('CLUSTER', 'ADDSLOTSRANGE', firstSlot, Math.ceil(((node + 1) * slotCount) / 3) - 1);
    await nodeClient.call('CLUSTER', 'SET-CONFIG-EPOCH', node + 1);
  }
  const announcedPorts = tlsPorts ?? nodes.map(({ port }) => port);
  for (const port of announcedPorts.slice(1)) await nodeClients[0]?.call('CLUSTER', 'MEET', host, port);
  const infosOf = (clients: readonly Redis[]) => Promise.all(clients.map((client) => client.cluster('INFO')));
  const isReady = async () => {
    const infos = await infosOf(nodeClients);
    return infos.every((info) => info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3'));
  };
  await waitFor(isReady, { description: 'a complete cluster' });
  const nodeOf = async (key: string) => {
    const slot = Number(await nodeClients[0]?.cluster('KEYSLOT', key));
    return Math.floor((slot * 3) / slotCount);
  };

  return {
    endpoint: { kind: 'cluster', nodes: announcedPorts.map((port) => ({ host, port })) },
    client() {
      const cluster = repairCluster(new Cluster(nodes, { redisOptions: { maxRetriesPerRequest: null } }));
      cluster.on('error', () => {});
      clusters.push(cluster);
      return cluster;
    },
    nodeOf,
    async keyOn(node) {
      for (let n = 0; ; n++) {
        const key = `{orders-${n}}`;
        if ((await nodeOf(key)) === node) return key;
      }
    },
    suspend: (node) => void servers[node]?.kill('SIGSTOP'),
    async waitUntilDown(node) {
      const others = nodeClients.filter((_client, index) => index !== node);
      const areDown = async () => (await infosOf(others)).every((info) => info.includes('cluster_state:fail'));
      await waitFor(areDown, { description: 'the other nodes to notice the failure' });
    },
    async kill(node) {
      servers[node]?.kill('SIGKILL');
      await servers[node]?.exited;
    },
    async restart(node) {
      servers[node] = await start(node, nodes[node]?.port);
      await waitFor(isReady, { description: 'the cluster to be whole again' });
    },
    async [Symbol.asyncDispose]() {
      for (const client of [...nodeClients, ...clusters]) client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function ignoreErrors(client: Redis): Redis {
  client.on('error', () => {});
  return client;
}
