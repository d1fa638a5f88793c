import { createServer, type RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { instrumentedFetch, type SlackCall } from '../../src/slack/api-calls.ts';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';

/** The address of a server that answers everything in this way. */
async function startServer(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${await listenOnFreePort(server)}`;
}

test.each<[number, string, SlackCall['result']]>([
  [200, 'ok', 'ok'],
  [200, '{"ok":true}', 'ok'],
  [200, '{ "ok": false, "error": "channel_not_found" }', 'refused'],
  [200, '{"ok":false,"error":"ratelimited"}', 'rate_limited'],
  [200, '{"ok":false,"error":"token_revoked"}', 'token_refused'],
  [200, '{"ok":false,"error":"internal_error"}', 'server_error'],
  [200, '{"ok":false}', 'refused'],
  [404, '{"ok":false,"error":"used_url"}', 'refused'],
  [404, 'no', 'refused'],
  [429, '', 'rate_limited'],
  [500, 'no', 'server_error'],
  [503, '{"ok":false,"error":"x"}', 'server_error'],
])('%d %s is %s; the answer is still to be read', async (status, text, result) => {
  const calls: SlackCall[] = [];
  const base = await startServer((_request, response) => response.writeHead(status).end(text));
  const response = await instrumentedFetch((call) => calls.push(call))(`${base}/api/chat.postMessage?x=1`);
  expect([response.status, await response.text()]).toEqual([status, text]);
  expect(calls).toEqual([{ method: 'chat.postMessage', result, ms: expect.any(Number) }]);
});

test('what is not answered is told, and thrown', async () => {
  const url = `${await startServer(() => {})}/secret/path`;
  const calls: SlackCall[] = [];
  const send = instrumentedFetch((call) => calls.push(call));
  await expect(send(url, { signal: AbortSignal.timeout(20) })).rejects.toThrow();
  await expect(send(url, { signal: AbortSignal.abort() })).rejects.toThrow();
  await expect(send('http://127.0.0.1:1/api/auth.test')).rejects.toThrow();
  expect(calls.map(({ method, result }) => [method, result])).toEqual([
    ['other', 'timeout'],
    ['other', 'stopped'],
    ['auth.test', 'unreachable'],
  ]);
  expect(instrumentedFetch(undefined)).toBe(fetch);
});
