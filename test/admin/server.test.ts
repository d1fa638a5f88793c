import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { AdminPortRefused, type AdminServer, openAdminServer } from '../../src/admin/server.ts';
import type { Standing } from '../../src/admin/standing.ts';
import { createLogger } from '../../src/log.ts';
import { waitFor } from '../support/wait.ts';

const well: Standing = {
  redisAnswers: async () => true,
  slackConnected: () => true,
  queuesWanted: ['actions', 'notices'],
  queuesWorkedOn: () => ['notices', 'actions'],
  queueDepths: async () => null,
  stopping: new AbortController().signal,
};

interface Opened {
  readonly server: AdminServer;
  readonly lines: readonly string[];
}

async function open(standing: Partial<Standing> = {}, text = async () => 'figures\n', port = 0): Promise<Opened> {
  const lines: string[] = [];
  const log = createLogger({ level: 'trace', to: { write: (line) => void lines.push(line) } });
  const metrics = { type: 'text/plain; version=0.0.4', text };
  const server = await openAdminServer({ port, standing: { ...well, ...standing }, metrics, log });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { server, lines };
}

async function ask({ server }: Opened, path: string, method = 'GET') {
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
  const opened = await open();
  expect(await ask(opened, path)).toMatchObject({ status, text: expect.stringMatching(text) });
});

test('HEAD is answered as GET, without the body', async () => {
  const opened = await open();
  for (const path of ['/healthz', '/readyz', '/metrics', '/nothing']) {
    const [get, head] = [await ask(opened, path), await ask(opened, path, 'HEAD')];
    expect(head).toMatchObject({ status: get.status, text: '' });
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect(head.headers.get('cache-control')).toBe('no-store');
  }
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not allowed, where there is something', async (method) => {
  const opened = await open();
  const refused = await ask(opened, '/metrics', method);
  expect(refused.status).toBe(405);
  expect(refused.headers.get('allow')).toBe('GET, HEAD');
  expect((await ask(opened, '/nothing', method)).status).toBe(404);
});

test('listens on all interfaces and says so, with the port', async () => {
  const { server, lines } = await open();
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    msg: 'health and metrics are served',
    port: server.port,
    interfaces: 'all',
  });
});

test('a taken port is told in one sentence', async () => {
  const { server } = await open();
  const again = open({}, undefined, server.port);
  await expect(again).rejects.toThrow(AdminPortRefused);
  await expect(again).rejects.toThrow(`Port ${server.port} is taken by another program: set ADMIN_PORT to another one`);
});

const stopping = AbortSignal.abort();
test.each<[string, Partial<Standing>, object]>([
  ['a Redis', { redisAnswers: async () => false }, { redis: 'does not answer', slack: 'ready', workers: 'ready' }],
  ['Slack', { slackConnected: () => false }, { redis: 'ready', slack: 'is not connected', workers: 'ready' }],
  [
    'a worker',
    { queuesWorkedOn: () => ['notices'] },
    { redis: 'ready', slack: 'ready', workers: 'nobody works on: actions' },
  ],
  ['the process', { stopping, redisAnswers: () => new Promise(() => {}) }, { process: 'is stopping' }],
])('%s that cannot makes it not ready, and is named', async (_what, standing, parts) => {
  const answered = await ask(await open(standing), '/readyz');
  expect(answered.status).toBe(503);
  expect(JSON.parse(answered.text)).toEqual({ ready: false, parts });
});

test('a role without Slack does not wait for it', async () => {
  const { text } = await ask(await open({ slackConnected: null }), '/readyz');
  expect(JSON.parse(text)).toEqual({ ready: true, parts: { redis: 'ready', workers: 'ready' } });
});

test('stops being ready while it is being asked', async () => {
  const ending = new AbortController();
  const redisAnswers = async () => {
    ending.abort();
    return true;
  };
  expect(await ask(await open({ stopping: ending.signal, redisAnswers }), '/readyz')).toMatchObject({ status: 503 });
});

test('figures that cannot be told end the request, not the process', async () => {
  const opened = await open({}, () => Promise.reject(new Error('no')));
  await expect(ask(opened, '/metrics')).rejects.toThrow();
  expect(await ask(opened, '/healthz')).toMatchObject({ status: 200 });
  expect(opened.lines.join('')).toContain('health or metrics could not be told');
});

test('closes although somebody keeps a connection open, or waits for an answer', async () => {
  const asked: string[] = [];
  const opened = await open({}, () => new Promise(() => void asked.push('metrics')));
  await ask(opened, '/healthz');
  const hanging = request(`http://127.0.0.1:${opened.server.port}/metrics`).on('error', () => {});
  hanging.end();
  await expect.poll(() => asked).toHaveLength(1);
  await opened.server[Symbol.asyncDispose]();
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(opened.server.port, resolve));
  await new Promise<void>((resolve) => free.close(() => resolve()));
});

test('people who connect and say nothing do not keep the prober out', async () => {
  const opened = await open();
  const silent = Array.from({ length: 80 }, () => connect(opened.server.port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => {
    for (const socket of silent) socket.destroy();
  });
  await waitFor(() => silent.every(({ connecting, destroyed }) => destroyed || !connecting));
  const answered = () =>
    ask(opened, '/healthz').then(
      ({ status }) => status,
      () => 0,
    );
  await waitFor(async () => (await answered()) === 200, { timeoutMs: 30_000 });
});
