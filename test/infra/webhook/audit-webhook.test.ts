import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditNotDeliveredError } from '../../../src/application/deliver-audit.ts';
import { historyEntrySchema } from '../../../src/domain/history.ts';
import { createAuditWebhook } from '../../../src/infra/webhook/audit-webhook.ts';
import { listenOnFreePort } from '../../support/listen-on-free-port.ts';

const key = Buffer.alloc(32, 7);
const secret = `whsec_${key.toString('base64')}`;
const paused = {
  project: 'orders',
  entry: historyEntrySchema.parse({ id: '1-0', at: 1, event: 'done', by: 'U0ALICE', action: 'pause' }),
};
const restored = {
  project: 'users',
  entry: historyEntrySchema.parse({ id: '2-0', at: 2, event: 'done', by: 'cli:root', action: 'restore' }),
};

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let port: number;
let received: Received[];
let status: number | 'hang' | 'redirect';
beforeEach(async () => {
  received = [];
  status = 204;
  server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    received.push({ method, url, headers, body: await text(request) });
    if (status === 'hang') return;
    response.writeHead(status === 'redirect' ? 302 : status, { location: '/elsewhere' }).end('answer');
  });
  port = await listenOnFreePort(server);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const send = (options = {}) =>
  createAuditWebhook({ url: `http://127.0.0.1:${port}/audit`, secret, version: '0.2.0', ...options });

describe('the audit webhook', () => {
  it('posts entries as lines of JSON', async () => {
    await send()([paused, restored]);
    const [request] = received;
    expect(request).toMatchObject({ method: 'POST', url: '/audit' });
    expect(request?.headers).toMatchObject({ 'content-type': 'application/x-ndjson', 'user-agent': 'syncbot/0.2.0' });
    const lines = request?.body
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([
      { project: 'orders', id: '1-0', at: 1, event: 'done', by: 'U0ALICE', action: 'pause' },
      { project: 'users', id: '2-0', at: 2, event: 'done', by: 'cli:root', action: 'restore' },
    ]);
  });

  it('signs as Standard Webhooks says', async () => {
    await send()([paused]);
    const { headers, body } = received[0] ?? expect.unreachable();
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    expect(() => new Webhook(secret).verify(body, texts, { jsonParse: false })).not.toThrow();
    expect(() => new Webhook(secret).verify(`${body} `, texts, { jsonParse: false })).toThrow();
  });

  it('gives a request the same id when it is sent again, and another one with other entries', async () => {
    await send()([paused]);
    await send()([paused]);
    await send()([paused, restored]);
    const [first, again, other] = received.map(({ headers }) => headers['webhook-id']);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each([400, 410, 429, 500, 503])('is not delivered with the status %s', async (refusal) => {
    status = refusal;
    await expect(send()([paused])).rejects.toMatchObject({ name: 'AuditNotDeliveredError', status: refusal });
  });

  it('does not follow a redirect, which could lead the entries elsewhere', async () => {
    status = 'redirect';
    await expect(send()([paused])).rejects.toMatchObject({ status: 302 });
    expect(received.map(({ url }) => url)).toEqual(['/audit']);
  });

  it('is not delivered without a response', async () => {
    status = 'hang';
    await expect(send({ timeoutMs: 50 })([paused])).rejects.toBeInstanceOf(AuditNotDeliveredError);
    server.closeAllConnections();
    await expect(send({ url: 'http://127.0.0.1:1/' })([paused])).rejects.toMatchObject({ status: null });
  });
});
