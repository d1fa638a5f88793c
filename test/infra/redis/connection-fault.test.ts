import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RedisServer } from '../../../demo/redis-server.ts';
import { parseRedisUrl, type RedisEndpoint } from '../../../src/config/redis-url.ts';
import type { ConnectionFault } from '../../../src/domain/connection-fault.ts';
import { noWatermark } from '../../../src/domain/link.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { connect, disconnect } from '../../../src/infra/redis/client.ts';
import { toConnectionFault } from '../../../src/infra/redis/connection-fault.ts';
import { createStores } from '../../../src/infra/redis/stores.ts';
import { messages } from '../../../src/messages/catalog.ts';
import { plainFormatter } from '../../messages/plain-formatter.ts';
import { keys } from '../../support/keys.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import { waitFor } from '../../support/wait-for.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startTestRedis({ args: ['--databases', '4'] });
  const { host, port } = server;
  const admin = connect(endpointOf(`redis://${host}:${port}`), 'commands', () => {});
  await admin.call(
    'ACL',
    'SETUSER',
    'reader',
    'on',
    '>pw',
    '~bull:*',
    '+info',
    '+select',
    '+client',
    '+evalsha',
    '+eval',
  );
  await admin.call('ACL', 'SETUSER', 'blind', 'on', '>pw', '~*', '+@all', '-info');
  await disconnect(admin);
});
afterAll(() => server.stop());

function endpointOf(url: string): RedisEndpoint {
  const parsed = parseRedisUrl(url);
  return parsed.kind === 'parsed' ? parsed.endpoint : expect.unreachable(parsed.message);
}

/** A TCP server that is no Redis. Returns its port. */
async function startTcpServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const tcpServer = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => tcpServer.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    tcpServer.close();
  });
  const address = tcpServer.address();
  return typeof address === 'object' && address !== null ? address.port : expect.unreachable('no port');
}

const link = { queue: 'orders', connection: 'warehouse', prefix: 'bull' };

/** What precheck and doctor read of a connection and of a link on it. */
async function readFaults(endpoint: RedisEndpoint, connection = 'warehouse') {
  await using connections = createLinkConnections({ warehouse: endpoint }, () => {});
  const gateway = createLinkGateway(connections);
  const [[info], [observation]] = await Promise.all([
    gateway.readConnections([connection]),
    gateway.observe([{ link: { ...link, connection }, watermark: noWatermark }]),
  ]);
  const faultOf = (read: object | undefined) => (read !== undefined && 'fault' in read ? read.fault : undefined);
  return { connection: faultOf(info), link: faultOf(observation) };
}

describe('the fault of a connection and of its link', () => {
  const cases: readonly (readonly [string, () => Promise<string> | string, ConnectionFault])[] = [
    ['nothing listens', async () => `redis://127.0.0.1:${await freePort()}`, { kind: 'refused' }],
    [
      'nothing listens at a node of a cluster',
      async () => `redis+cluster://127.0.0.1:${await freePort()}`,
      { kind: 'refused' },
    ],
    [
      'nothing listens at a Sentinel',
      async () => `redis+sentinel://127.0.0.1:${await freePort()}/main`,
      { kind: 'refused' },
    ],
    ['the host has no address', () => 'redis://no-such-host.invalid', { kind: 'not_resolved' }],
    ['the server is silent', async () => `redis://127.0.0.1:${await startTcpServer(() => {})}`, { kind: 'timed_out' }],
    [
      'the server closes the connection',
      async () => `redis://127.0.0.1:${await startTcpServer((socket) => socket.end())}`,
      { kind: 'closed' },
    ],
    ['the password is wrong', () => urlWith('reader:wrong@'), { kind: 'wrong_password' }],
    [
      'the server answers TLS with text',
      async () => `rediss://127.0.0.1:${await startTcpServer((socket) => socket.write('HTTP/1.1 400 Bad Request'))}`,
      { kind: 'tls', check: 'ERR_SSL_WRONG_VERSION_NUMBER' },
    ],
    [
      'the server speaks HTTP',
      async () =>
        `redis://127.0.0.1:${await startTcpServer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))}`,
      { kind: 'not_redis' },
    ],
    ['the server is no cluster', () => `redis+cluster://127.0.0.1:${server.port}`, { kind: 'not_cluster' }],
    ['the server is no Sentinel', () => `redis+sentinel://127.0.0.1:${server.port}/main`, { kind: 'not_sentinel' }],
  ];
  it.each(cases)('names that %s', async (_name, url, fault) => {
    expect(await readFaults(endpointOf(await url()))).toEqual({ connection: fault, link: fault });
  });

  it('names a password that is missing', async () => {
    const guarded = await startTestRedis();
    onTestFinished(() => guarded.stop());
    const admin = connect(endpointOf(guarded.url), 'commands', () => {});
    await admin.config('SET', 'requirepass', 'pw');
    expect(await readFaults(endpointOf(guarded.url))).toEqual({
      connection: { kind: 'password_missing' },
      link: { kind: 'password_missing' },
    });
    await disconnect(admin);
  });

  it('names the command that the user may not run', async () => {
    expect(await readFaults(endpointOf(urlWith('reader:pw@')))).toMatchObject({
      connection: undefined,
      link: { kind: 'no_permission' },
    });
    expect(await readFaults(endpointOf(urlWith('blind:pw@')))).toMatchObject({
      connection: { kind: 'no_permission', command: 'INFO' },
      link: undefined,
    });
  });

  it('names a connection that is not configured', async () => {
    const fault = { kind: 'not_configured' };
    expect(await readFaults(endpointOf(server.url), 'nowhere')).toEqual({ connection: fault, link: fault });
  });
});

it('The bot’s own Redis refuses a command with the fault, and without a connection it names the reason.', async () => {
  const settings = { auditLength: 10, retentionMs: 1_000 };
  const reader = connect(endpointOf(urlWith('reader:pw@')), 'commands', () => {});
  await expect(createStores({ client: reader, keys }, settings, () => {}).projects.listIds()).rejects.toMatchObject({
    name: 'StoreRefusedError',
    fault: { kind: 'no_permission', command: 'SMEMBERS' },
  });
  const wrong = connect(endpointOf(urlWith('reader:wrong@')), 'commands', () => {});
  await expect(createStores({ client: wrong, keys }, settings, () => {}).projects.listIds()).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    sent: 'no',
    fault: { kind: 'wrong_password' },
  });
  await Promise.all([disconnect(reader), disconnect(wrong)]);
});

it('An outage is reported once, and so is its end.', async () => {
  await using first = await startTestRedis();
  const events: string[] = [];
  const client = connect(
    endpointOf(first.url),
    'commands',
    () => events.push('failed'),
    () => events.push('recovered'),
  );
  await client.ping();
  for (let outage = 0; outage < 2; outage++) {
    const before = events.length;
    if (outage === 0) await first.stop();
    await waitFor(() => events.length > before);
    const again = await startTestRedis({ port: first.port });
    await waitFor(() => events.length === before + 2);
    await again.stop();
  }
  await disconnect(client);
  expect(events.slice(0, 4)).toEqual(['failed', 'recovered', 'failed', 'recovered']);
});

it.each<[string, string, ConnectionFault]>([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', { kind: 'tls', check: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
  ['CERT_HAS_EXPIRED', 'certificate has expired', { kind: 'tls', check: 'CERT_HAS_EXPIRED' }],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    "Host: redis.example. is not in the cert's",
    { kind: 'tls', check: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  ],
  ['', 'ERR DB index is out of range', { kind: 'wrong_database' }],
  ['', "CROSSSLOT Keys in request don't hash to the same slot", { kind: 'cross_slot' }],
  ['', 'MOVED 3999 127.0.0.1:6381', { kind: 'cluster_node' }],
  [
    '',
    "ERR ACL failure in script: User x has no permissions to run the 'exists' command script: 1, on @user_script:1.",
    { kind: 'no_permission', command: 'EXISTS' },
  ],
  ['', 'NOPERM No permissions to access a key', { kind: 'no_permission', command: null }],
  [
    '',
    "NOPERM User x has no permissions to run the 'client|list' command",
    { kind: 'no_permission', command: 'CLIENT|LIST' },
  ],
  ['', 'MISCONF Redis is configured to save', { kind: 'other', code: 'MISCONF' }],
  ['EWEIRD', 'secret 10.0.0.1', { kind: 'other', code: 'EWEIRD' }],
])('The error %s %s has its fault, whose sentence has no host and no secret.', (code, message, fault) => {
  const found = toConnectionFault(Object.assign(new Error(message), code === '' ? {} : { code }));
  expect(found).toEqual(fault);
  expect(messages.connectionFault(found, plainFormatter)).not.toMatch(/\d+\.\d+\.\d+\.\d+|secret|example/);
});

function urlWith(credentials: string): string {
  return server.url.replace('//', `//${credentials}`);
}

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const stopped = await startTestRedis();
  await stopped.stop();
  return stopped.port;
}
