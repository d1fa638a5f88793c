import { createServer, request } from 'node:http';
import { connect } from 'node:net';
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
  readJobCounts: async () => null,
  stopSignal: new AbortController().signal,
};

interface TestServer {
  readonly server: AdminServer;
  readonly lines: readonly string[];
}

async function startServer(
  health: Partial<HealthProbes> = {},
  render = async () => 'figures\n',
  port = 0,
): Promise<TestServer> {
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', to: { write: (line) => void lines.push(line) } });
  const metrics = { contentType: 'text/plain; version=0.0.4', render };
  const server = await openAdminServer({ port, probes: { ...healthy, ...health }, metrics, log });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, lines };
}

async function fetchPath({ server }: TestServer, path: string, method = 'GET') {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test.each([
  ['/healthz', 200, /lives/],
  ['/readyz', 200, /"ready":true/],
  ['/readyz?verbose', 200, /"ready":true/],
  ['/metrics', 200, /^figures\n$/],
  ['/', 404, /healthz/],
  ['/metrics/', 404, /healthz/],
  ['/constructor', 404, /healthz/],
  ['/__proto__', 404, /healthz/],
])('%s is answered with %d', async (path, status, text) => {
  const target = await startServer();
  expect(await fetchPath(target, path)).toMatchObject({ status, text: expect.stringMatching(text) });
});

test('HEAD is answered as GET, without the body', async () => {
  const target = await startServer();
  for (const path of ['/healthz', '/readyz', '/metrics', '/nothing']) {
    const [get, head] = [await fetchPath(target, path), await fetchPath(target, path, 'HEAD')];
    expect(head).toMatchObject({ status: get.status, text: '' });
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect(head.headers.get('cache-control')).toBe('no-store');
  }
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed, where there is something', async (method) => {
  const target = await startServer();
  const rejected = await fetchPath(target, '/metrics', method);
  expect(rejected.status).toBe(405);
  expect(rejected.headers.get('allow')).toBe('GET, HEAD');
  expect((await fetchPath(target, '/nothing', method)).status).toBe(404);
});

test('listens on all interfaces and says so, with the port', async () => {
  const { server, lines } = await startServer();
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'admin server listening',
    port: server.port,
    interfaces: 'all',
  });
});

test('a taken port is told in one sentence', async () => {
  const { server } = await startServer();
  const secondServer = startServer({}, undefined, server.port);
  await expect(secondServer).rejects.toThrow(AdminPortError);
  await expect(secondServer).rejects.toThrow(
    `Port ${server.port} is taken by another program: set ADMIN_PORT to another port`,
  );
});

const stopSignal = AbortSignal.abort();
test.each<[string, Partial<HealthProbes>, object]>([
  ['a Redis', { pingRedis: async () => false }, { redis: 'does not answer', slack: 'ready', workers: 'ready' }],
  ['Slack', { isSlackConnected: () => false }, { redis: 'ready', slack: 'is not connected', workers: 'ready' }],
  [
    'a worker',
    { activeQueues: () => ['notifications'] },
    { redis: 'ready', slack: 'ready', workers: 'not running for: actions' },
  ],
  ['the process', { stopSignal, pingRedis: () => new Promise(() => {}) }, { process: 'is stopping' }],
])('%s that cannot makes it not ready, and is named', async (_what, standing, parts) => {
  const response = await fetchPath(await startServer(standing), '/readyz');
  expect(response.status).toBe(503);
  expect(JSON.parse(response.text)).toEqual({ ready: false, parts });
});

test('a role without Slack does not wait for it', async () => {
  const { text } = await fetchPath(await startServer({ isSlackConnected: null }), '/readyz');
  expect(JSON.parse(text)).toEqual({ ready: true, parts: { redis: 'ready', workers: 'ready' } });
});

test('stops being ready while it is being asked', async () => {
  const stopController = new AbortController();
  const redisAnswers = async () => {
    stopController.abort();
    return true;
  };
  expect(
    await fetchPath(await startServer({ stopSignal: stopController.signal, pingRedis: redisAnswers }), '/readyz'),
  ).toMatchObject({ status: 503 });
});

test('figures that cannot be told end the request, not the process', async () => {
  const target = await startServer({}, () => Promise.reject(new Error('no')));
  await expect(fetchPath(target, '/metrics')).rejects.toThrow();
  expect(await fetchPath(target, '/healthz')).toMatchObject({ status: 200 });
  expect(target.lines.join('')).toContain('admin request failed');
});

test('closes although somebody keeps a connection open, or waits for an answer', async () => {
  const requests: string[] = [];
  const target = await startServer({}, () => new Promise(() => void requests.push('metrics')));
  await fetchPath(target, '/healthz');
  const hanging = request(`http://127.0.0.1:${target.server.port}/metrics`).on('error', () => {});
  hanging.end();
  await expect.poll(() => requests).toHaveLength(1);
  await target.server[Symbol.asyncDispose]();
  const newServer = createServer();
  await new Promise<void>((resolve) => newServer.listen(target.server.port, resolve));
  await new Promise<void>((resolve) => newServer.close(() => resolve()));
});

test('people who connect and say nothing do not keep the prober out', async () => {
  const target = await startServer();
  const idleSockets = Array.from({ length: 80 }, () => connect(target.server.port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => {
    for (const socket of idleSockets) socket.destroy();
  });
  await waitFor(() => idleSockets.every(({ connecting, destroyed }) => destroyed || !connecting));
  const response = () =>
    fetchPath(target, '/healthz').then(
      ({ status }) => status,
      () => 0,
    );
  await waitFor(async () => (await response()) === 200, { timeoutMs: 30_000 });
});
