import { createServer, type RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { instrumentedFetch, type SlackCall } from '../../src/slack/api-calls.ts';
import { listenOnFreePort } from '../support/listen-on-free-port.ts';

/** Starts a server for the current test and returns its URL. */
async function startServer(handler: RequestListener): Promise<string> {
  const server = createServer(handler);
  onTestFinished(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${await listenOnFreePort(server)}`;
}

test.each<[number, string, SlackCall['result']]>([
  [200, 'ok', 'ok'],
  [200, '{"ok":true}', 'ok'],
  [200, '{ "ok": false, "error": "channel_not_found" }', 'platform_error'],
  [200, '{"ok":false,"error":"ratelimited"}', 'rate_limited'],
  [200, '{"ok":false,"error":"token_revoked"}', 'auth_error'],
  [200, '{"ok":false,"error":"internal_error"}', 'server_error'],
  [200, '{"ok":false}', 'platform_error'],
  [404, '{"ok":false,"error":"used_url"}', 'platform_error'],
  [404, 'no', 'platform_error'],
  [429, '', 'rate_limited'],
  [500, 'no', 'server_error'],
  [503, '{"ok":false,"error":"x"}', 'server_error'],
])('A response %d %s is reported as %s, and the caller can still read it.', async (status, text, result) => {
  const calls: SlackCall[] = [];
  const baseUrl = await startServer((_request, response) => response.writeHead(status).end(text));
  const response = await instrumentedFetch((call) => calls.push(call))(`${baseUrl}/api/chat.postMessage?x=1`);
  expect([response.status, await response.text()]).toEqual([status, text]);
  expect(calls).toEqual([{ method: 'chat.postMessage', result, durationMs: expect.any(Number) }]);
});

test('A call without a response is reported and its error is thrown.', async () => {
  const url = `${await startServer(() => {})}/secret/path`;
  const calls: SlackCall[] = [];
  const send = instrumentedFetch((call) => calls.push(call));
  await expect(send(url, { signal: AbortSignal.timeout(20) })).rejects.toThrow();
  await expect(send(url, { signal: AbortSignal.abort() })).rejects.toThrow();
  await expect(send('http://127.0.0.1:1/api/auth.test')).rejects.toThrow();
  expect(calls.map(({ method, result }) => [method, result])).toEqual([
    ['other', 'timeout'],
    ['other', 'aborted'],
    ['auth.test', 'unreachable'],
  ]);
});

test('Without a callback the function is fetch itself.', () => {
  expect(instrumentedFetch(undefined)).toBe(fetch);
});
