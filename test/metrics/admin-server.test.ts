import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger } from '../../src/logging/logger.ts';
import { AdminPortError, type AdminServer, openAdminServer } from '../../src/metrics/admin-server.ts';
import type { HealthProbes } from '../../src/metrics/health.ts';
import { waitFor } from '../support/wait-for.ts';

const healthy: HealthProbes = {
  pingRedis: async () => true,
  isSlackConnected: () => true,
  expectedQueues: ['actions', 'notifications'],
  activeQueues: () => ['notifications', 'actions'],
  missingConnections: () => [],
  unusableConnections: () => [],
  isConfigurationUnreadable: () => false,
  readObservationStatus: async () => ({ kind: 'observed' }),
  readJobCounts: async () => null,
  stopSignal: new AbortController().signal,
};

interface TestServer {
  readonly server: AdminServer;
  readonly lines: readonly string[];
}

async function startServer(
  health: Partial<HealthProbes> = {},
  render = async () => 'metrics\n',
  port = 0,
  host: string | null = null,
): Promise<TestServer> {
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', to: { write: (line) => void lines.push(line) } });
  const metrics = { contentType: 'text/plain; version=0.0.4', render };
  const server = await openAdminServer({ port, host, probes: { ...healthy, ...health }, metrics, log });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, lines };
}

async function fetchPath({ server }: TestServer, path: string, method = 'GET') {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test.each([
  ['/healthz', 200, /alive/],
  ['/readyz', 200, /"ready":true/],
  ['/readyz?verbose', 200, /"ready":true/],
  ['/metrics', 200, /^metrics\n$/],
  ['/', 404, /healthz/],
  ['/metrics/', 404, /healthz/],
  ['/constructor', 404, /healthz/],
  ['/__proto__', 404, /healthz/],
])('A request for %s gets the status %d.', async (path, status, text) => {
  const testServer = await startServer();
  expect(await fetchPath(testServer, path)).toMatchObject({ status, text: expect.stringMatching(text) });
});

test('HEAD gets the response of GET without the body.', async () => {
  const testServer = await startServer();
  for (const path of ['/healthz', '/readyz', '/metrics', '/nothing']) {
    const [get, head] = [await fetchPath(testServer, path), await fetchPath(testServer, path, 'HEAD')];
    expect(head).toMatchObject({ status: get.status, text: '' });
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect(head.headers.get('cache-control')).toBe('no-store');
  }
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
  'The method %s gets 405 on a known path and 404 on another.',
  async (method) => {
    const testServer = await startServer();
    const rejected = await fetchPath(testServer, '/metrics', method);
    expect(rejected.status).toBe(405);
    expect(rejected.headers.get('allow')).toBe('GET, HEAD');
    expect((await fetchPath(testServer, '/nothing', method)).status).toBe(404);
  },
);

test('The server listens on all interfaces and logs its port.', async () => {
  const { server, lines } = await startServer();
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'admin server listening',
    port: server.port,
    interfaces: 'all',
  });
});

test('A port that is in use is refused with one sentence.', async () => {
  const { server } = await startServer();
  const secondServer = startServer({}, undefined, server.port);
  await expect(secondServer).rejects.toThrow(AdminPortError);
  await expect(secondServer).rejects.toThrow(`Port ${server.port} is taken: set ADMIN_PORT to another one`);
});

const stopSignal = AbortSignal.abort();
test.each<[string, Partial<HealthProbes>, object]>([
  [
    'Redis does not answer',
    { pingRedis: async () => false },
    { redis: 'does not answer', slack: 'ready', workers: 'ready' },
  ],
  [
    'Slack is not connected',
    { isSlackConnected: () => false },
    { redis: 'ready', slack: 'is not connected', workers: 'ready' },
  ],
  [
    'a worker is missing',
    { activeQueues: () => ['notifications'] },
    { redis: 'ready', slack: 'ready', workers: 'not running for: actions' },
  ],
  [
    'a connection is missing',
    { missingConnections: () => ['lake', 'warehouse'] },
    {
      redis: 'ready',
      slack: 'ready',
      workers: 'ready',
      connections:
        'not configured in this process: lake, warehouse; run syncbot apply with a syncbot.yml that has them',
    },
  ],
  [
    'the connections of the stored projects are not read yet',
    { missingConnections: () => null },
    {
      redis: 'ready',
      slack: 'ready',
      workers: 'ready',
      connections: 'the connections of the stored projects are not read yet',
    },
  ],
  ['the process is stopping', { stopSignal, pingRedis: () => new Promise(() => {}) }, { process: 'is stopping' }],
])('The process is not ready when %s.', async (_what, probes, parts) => {
  const response = await fetchPath(await startServer(probes), '/readyz');
  expect(response.status).toBe(503);
  expect(JSON.parse(response.text)).toEqual({ ready: false, parts });
});

test('A role without Slack is ready without it.', async () => {
  const { text } = await fetchPath(await startServer({ isSlackConnected: null }), '/readyz');
  expect(JSON.parse(text)).toEqual({ ready: true, parts: { redis: 'ready', workers: 'ready' } });
});

const since = Date.UTC(2026, 10, 24, 18, 52);
test.each<[string, Partial<HealthProbes>, string]>([
  [
    'a bot does not say that workers are ready when none observes the links',
    { expectedQueues: ['notifications'], readObservationStatus: async () => ({ kind: 'not_observed', since }) },
    'not observed since 2026-11-24 18:52 UTC',
  ],
  [
    'a bot does not say that workers are ready when none has ever observed the links',
    { expectedQueues: ['notifications'], readObservationStatus: async () => ({ kind: 'not_observed', since: null }) },
    'not observed yet',
  ],
  [
    'a worker is ready before its first cycle',
    { expectedQueues: ['observe'], readObservationStatus: async () => ({ kind: 'not_observed', since: null }) },
    'ready',
  ],
  [
    'a worker names the last cycle when no worker completes one',
    { expectedQueues: ['observe'], readObservationStatus: async () => ({ kind: 'not_observed', since }) },
    'not observed since 2026-11-24 18:52 UTC',
  ],
])('Readiness: %s. The process itself stays ready.', async (_what, probes, workers) => {
  const activeQueues = () => probes.expectedQueues ?? [];
  const response = await fetchPath(await startServer({ ...probes, activeQueues }), '/readyz');
  expect(response.status).toBe(200);
  expect(JSON.parse(response.text)).toEqual({ ready: true, parts: { redis: 'ready', slack: 'ready', workers } });
});

test('A stop during a readiness check makes the process not ready.', async () => {
  const stopController = new AbortController();
  const pingRedis = async () => {
    stopController.abort();
    return true;
  };
  expect(await fetchPath(await startServer({ stopSignal: stopController.signal, pingRedis }), '/readyz')).toMatchObject(
    { status: 503 },
  );
});

test('An error while the metrics are rendered fails only the request.', async () => {
  const testServer = await startServer({}, () => Promise.reject(new Error('no')));
  await expect(fetchPath(testServer, '/metrics')).rejects.toThrow();
  expect(await fetchPath(testServer, '/healthz')).toMatchObject({ status: 200 });
  expect(testServer.lines.join('')).toContain('admin request failed');
});

test('The server closes while a client keeps a connection open or waits for a response.', async () => {
  const requests: string[] = [];
  const testServer = await startServer({}, () => new Promise(() => void requests.push('metrics')));
  await fetchPath(testServer, '/healthz');
  const hanging = request(`http://127.0.0.1:${testServer.server.port}/metrics`).on('error', () => {});
  hanging.end();
  await expect.poll(() => requests).toHaveLength(1);
  await testServer.server[Symbol.asyncDispose]();
  const newServer = createServer();
  await new Promise<void>((resolve) => newServer.listen(testServer.server.port, resolve));
  await new Promise<void>((resolve) => newServer.close(() => resolve()));
});

test.each([
  ['silent connections', () => {}],
  [
    'connections that send a header very slowly',
    (socket: Socket) => void socket.write('GET /healthz HTTP/1.1\r\nx-a: 1'),
  ],
  [
    'idle connections that have had a response',
    (socket: Socket) => void socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'),
  ],
  [
    'connections that wait for a response',
    (socket: Socket) => void socket.write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'),
  ],
])('300 %s do not block a health check.', async (_what, begin) => {
  const testServer = await startServer({}, () => new Promise(() => {}));
  const sockets = Array.from({ length: 300 }, () =>
    connect(testServer.server.port, '127.0.0.1')
      .on('error', () => {})
      .resume(),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  sockets.forEach(begin);
  for (let probe = 0; probe < 3; probe++)
    expect(await fetchPath(testServer, '/healthz')).toMatchObject({ status: 200 });
  await waitFor(() => sockets.filter(({ readyState }) => readyState === 'open').length <= 64);
});

test('The server listens on one address only.', async () => {
  const { server, lines } = await startServer({}, undefined, 0, '127.0.0.1');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ port: server.port, interfaces: 'ADMIN_HOST' });
  await expect(fetch(`http://127.0.0.2:${server.port}/healthz`)).rejects.toThrow();
});

test('An address of another machine is refused with one sentence.', async () => {
  const message = 'ADMIN_HOST is not an address of this machine (EADDRNOTAVAIL): set it to one, or leave it empty.';
  await expect(startServer({}, undefined, 0, '192.0.2.1')).rejects.toThrow(message);
});
