import { createServer, type RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import {
  createWebClientOptions,
  instrumentedFetch,
  isTransient,
  type SlackCall,
  withAbortSignal,
} from '../../src/slack/api-calls.ts';
import { boltLogger } from '../../src/slack/bolt-logger.ts';
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
  [200, '{"ok":false,"error":"rate_limited"}', 'rate_limited'],
  [200, '{"ok":false,"error":"token_revoked"}', 'auth_error'],
  [200, '{"ok":false,"error":"internal_error"}', 'server_error'],
  [200, '{"ok":false}', 'platform_error'],
  [404, '{"ok":false,"error":"used_url"}', 'platform_error'],
  [404, 'no', 'platform_error'],
  [304, '', 'platform_error'],
  [299, '', 'ok'],
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

/** Answers late, so that a call that is not aborted ends too. */
const answerLate: RequestListener = (_request, response) => void setTimeout(() => response.end(), 1_000);

test('A call without a response is reported and its error is thrown.', async () => {
  const url = `${await startServer(answerLate)}/secret/path`;
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

test.each(['/api/', '/api/chat', '/api/9.9', '/hooks/T1.b/x', '/api/auth.test/'])(
  'A call to %s has no method that could be a label.',
  async (path) => {
    const calls: SlackCall[] = [];
    const baseUrl = await startServer((_request, response) => response.end('ok'));
    await instrumentedFetch((call) => calls.push(call))(`${baseUrl}${path}`);
    await instrumentedFetch((call) => calls.push(call), 'response_url')(`${baseUrl}${path}#chat.postMessage`);
    expect(calls.map(({ method }) => method)).toEqual(['other', 'response_url']);
  },
);

test.each(['ratelimited', 'rate_limited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'])(
  'A call may succeed in a moment after %s.',
  (code) => {
    expect([isTransient(code), isTransient(`${code}_x`)]).toEqual([true, false]);
  },
);

test('A client does not wait for Slack, and names its address and its log only if they are given.', () => {
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const options = createWebClientOptions({ log }, 3);
  expect(options).toEqual({
    logger: expect.any(boltLogger(log).constructor),
    timeout: 8_000,
    retryConfig: { retries: 3 },
    rejectRateLimitedCalls: true,
  });
  const instrumented = createWebClientOptions({ log, apiUrl: 'https://slack.test/api/', onCall: () => {} }, 0);
  expect(instrumented).toMatchObject({ slackApiUrl: 'https://slack.test/api/', fetch: expect.any(Function) });
});

test.each(['by the client', 'when the bot stops'])('A call with an abort signal ends %s.', async (_by) => {
  const [ofClient, ofBot] = [new AbortController(), new AbortController()];
  const { fetch: send } = withAbortSignal({ fetch: instrumentedFetch(undefined) }, ofBot.signal);
  const url = await startServer(answerLate);
  const call = send?.(url, { signal: ofClient.signal });
  (_by === 'by the client' ? ofClient : ofBot).abort();
  await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  await expect(withAbortSignal({}, AbortSignal.abort()).fetch?.(url)).rejects.toMatchObject({ name: 'AbortError' });
});
