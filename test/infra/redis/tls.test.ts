import { EventEmitter } from 'node:events';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { parseRedisUrl } from '../../../src/config/redis-url.ts';
import { createLinkConnections } from '../../../src/infra/bullmq/link-connections.ts';
import { createLinkGateway } from '../../../src/infra/bullmq/link-gateway.ts';
import { connect, disconnect } from '../../../src/infra/redis/client.ts';
import { runCliInProcess, writeConfigFile } from '../../cli/cli-fixture.ts';
import { blocksOf, readPage } from '../../docs/pages.ts';
import { startTestCluster } from '../../support/redis-cluster.ts';
import { startSentinel } from '../../support/redis-sentinel.ts';
import { startTestRedis } from '../../support/test-redis.ts';
import {
  type CertificateFiles,
  createTestCertificates,
  findFreeTlsPort,
  type TestCertificates,
  tlsParameters,
  tlsServerOptions,
} from '../../support/tls-certificates.ts';

let certificates: TestCertificates;
beforeAll(async () => {
  certificates = await createTestCertificates();
});
afterAll(() => certificates[Symbol.asyncDispose]());

const host = '127.0.0.1';

/** Starts a server that also listens with TLS, on `tlsPort`. */
async function startTlsRedis(files: CertificateFiles = certificates.server) {
  const tlsPort = await findFreeTlsPort();
  const server = await startTestRedis({
    args: [...tlsServerOptions(certificates, files), '--tls-port', String(tlsPort)],
  });
  onTestFinished(() => server.stop());
  return { server, tlsPort };
}

function endpointOf(url: string) {
  const parsed = parseRedisUrl(url);
  return parsed.kind === 'parsed' ? parsed.endpoint : expect.unreachable(parsed.message);
}

/** Adopts a queue, then pauses and restores it through a worker. */
async function expectPauseAndRestore(url: string): Promise<void> {
  const owner = connect(endpointOf(url), 'commands', () => {});
  await owner.hset('bull:{orders}:meta', 'version', 'bullmq:6.7.0');
  await using file = await writeConfigFile(
    'projects:\n  orders:\n    adopt: true\n    links:\n      - queue: "{orders}"\n',
  );
  const options = { env: { ...file.env, REDIS_URL: url }, openApp: createApp };
  const runSuccessfully = async (...argv: string[]) => {
    const result = await runCliInProcess(argv, options);
    expect(result, `${argv.join(' ')}: ${result.out}${result.err}`).toMatchObject({ exit: 0 });
  };
  await runSuccessfully('apply', '--yes');
  const signals = new EventEmitter();
  const worker = runCliInProcess(['run', '--role', 'worker'], { ...options, signals });
  const readPaused = () => owner.hget('bull:{orders}:meta', 'paused');
  await runSuccessfully('pause', 'orders', '--yes');
  expect(await readPaused()).toBe('1');
  await runSuccessfully('restore', 'orders', '--yes');
  expect(await readPaused()).toBeNull();
  signals.emit('SIGTERM');
  expect((await worker).exit).toBe(0);
  await disconnect(owner);
}

async function faultOf(url: string) {
  await using connections = createLinkConnections({ far: endpointOf(url) }, () => {});
  const [info] = await createLinkGateway(connections).readConnections(['far']);
  return info?.kind === 'unreachable' ? info.fault : info?.kind;
}

it('a pause and a restore work with TLS, a private CA and a client certificate', async () => {
  const { tlsPort } = await startTlsRedis();
  await expectPauseAndRestore(`rediss://${host}:${tlsPort}?${tlsParameters(certificates)}`);
});

it('a connection without the CA, the client certificate or the right name has a fault that names the check', async () => {
  const { tlsPort } = await startTlsRedis();
  const named = await startTlsRedis(certificates.namedServer);
  const { ca } = certificates;
  const parameters = tlsParameters(certificates);
  const faults = await Promise.all([
    faultOf(`rediss://${host}:${tlsPort}`),
    faultOf(`rediss://${host}:${named.tlsPort}?${parameters}`),
    faultOf(`rediss://${host}:${named.tlsPort}?${parameters}&servername=redis.test`),
    faultOf(`rediss://${host}:${tlsPort}?ca=${ca}`),
  ]);
  expect(faults.slice(0, 3)).toEqual([
    { kind: 'tls', check: 'SELF_SIGNED_CERT_IN_CHAIN' },
    { kind: 'tls', check: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    'read',
  ]);
  // The reason may be lost if Node.js writes to the connection that the server has closed.
  expect([{ kind: 'tls', check: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' }, { kind: 'closed' }]).toContainEqual(
    faults[3],
  );
});

it('a pause and a restore work with a Cluster that uses TLS and certificates for a name', async () => {
  await using cluster = await startTestCluster({ tls: certificates });
  const { endpoint } = cluster;
  if (endpoint.kind !== 'cluster') return expect.unreachable();
  const nodes = endpoint.nodes.map(({ port }) => `${host}:${port}`).join(',');
  const url = `rediss+cluster://${nodes}?${tlsParameters(certificates)}`;
  expect(await faultOf(url)).toEqual({ kind: 'tls', check: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  await expectPauseAndRestore(`${url}&servername=redis.test`);
});

/** The line of docs/redis.md for a user of Sentinels. */
const sentinelUser = blocksOf(readPage('docs/redis.md'), 'text').find(({ text }) => text.includes('sentinel|'))?.text;

it('a pause and a restore work with a Sentinel that uses TLS and has the user of docs/redis.md', async () => {
  const { server, tlsPort } = await startTlsRedis();
  const lines = [...tlsLines(), 'tls-replication yes', ...(sentinelUser?.trim().split('\n') ?? [])];
  const sentinel = await startSentinel({ primaryPort: tlsPort, lines, hasTls: true });
  onTestFinished(() => sentinel.stop());
  const primary = new Redis(server.url);
  await primary.acl('SETUSER', 'default', '>data-password');
  primary.disconnect();
  const address = (password: string) =>
    `rediss+sentinel://:data-password@${host}:${sentinel.port}/main?${tlsParameters(certificates)}${password}`;
  const user = '&sentinelUsername=syncbot&sentinelPassword=';
  await expectPauseAndRestore(address(`${user}change-me`));
  const withoutCa = `rediss+sentinel://${host}:${sentinel.port}/main`;
  expect(await Promise.all([address(`${user}wrong`), address(''), withoutCa].map(faultOf))).toEqual([
    { kind: 'wrong_password' },
    { kind: 'password_missing' },
    { kind: 'tls', check: 'SELF_SIGNED_CERT_IN_CHAIN' },
  ]);
});

it('with sentinelTls=false only the servers with data use TLS', async () => {
  const { tlsPort } = await startTlsRedis();
  const sentinel = await startSentinel({ primaryPort: tlsPort, lines: [...tlsLines(), 'tls-replication yes'] });
  onTestFinished(() => sentinel.stop());
  const url = `rediss+sentinel://${host}:${sentinel.port}/main?${tlsParameters(certificates)}`;
  expect(await faultOf(`${url}&sentinelTls=false`)).toBe('read');
});

/** The options of the server as lines of a configuration file. */
function tlsLines(): string[] {
  const options = tlsServerOptions(certificates, certificates.server);
  return options.flatMap((option, index) =>
    option.startsWith('--') ? `${option.slice(2)} ${options[index + 1]}` : [],
  );
}
