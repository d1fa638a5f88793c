import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { HTTPReceiver } from '@slack/bolt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpReceiver } from '../../../src/slack/receivers/http.ts';
import { signRequest } from '../../fake-slack/request-signing.ts';
import { listenOnFreePort } from '../../support/listen-on-free-port.ts';
import { connectRawClient, requestBytes } from '../../support/raw-http-client.ts';
import { createFakeContext } from '../fake-context.ts';
import { commandBody, startHttpReceiverFixture } from './http-fixture.ts';

const formType = { 'content-type': 'application/x-www-form-urlencoded' };

describe('The HTTP receiver', () => {
  it('reads a body in chunks that are cut within a character, with a charset in the content type.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const body = Buffer.from('command=/sync&text=ключ&user_id=U0ALICE');
    const { headers } = fixture.sign(body);
    const typeWithCharset = { 'content-type': 'Application/x-www-form-urlencoded; charset=UTF-8' };
    const chunkedHeaders = { 'content-length': undefined, 'transfer-encoding': 'chunked' };
    client.write(requestBytes({ headers: { ...headers, ...typeWithCharset }, body: '' }, { headers: chunkedHeaders }));
    const splitIndex = body.indexOf('к') + 1;
    for (const chunk of [body.subarray(0, splitIndex), body.subarray(splitIndex)]) {
      client.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
    }
    client.write('0\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 200 });
    expect(fixture.appFixture.rejections).toEqual([]);
  });

  it('keeps a connection open longer than load balancers do, and closes it after a rejection.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    for (const text of ['help', 'list']) {
      client.write(requestBytes(fixture.sign(commandBody(text))));
      const response = await client.response();
      expect(response).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
      expect(Number(/timeout=(\d+)/.exec(response?.headers['keep-alive'] ?? '')?.[1])).toBeGreaterThan(600);
    }
    client.write(requestBytes(fixture.sign(commandBody(), 1)));
    expect(await client.response()).toMatchObject({ status: 401, headers: { connection: 'close' } });
    await client.ended;
  });

  it('serves a signed request on a new connection and on an old one while 600 idle connections are opened.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using balancer = await fixture.connect();
    balancer.write(requestBytes(fixture.sign(commandBody('help'))));
    expect(await balancer.response()).toMatchObject({ status: 200 });
    const idleClients = await Promise.all(Array.from({ length: 600 }, () => fixture.connect()));
    onTestFinished(() => {
      for (const idle of idleClients) idle[Symbol.dispose]();
    });
    using client = await fixture.connect();
    for (const each of [client, balancer]) {
      each.write(requestBytes(fixture.sign(commandBody('list'))));
      expect(await each.response()).toMatchObject({ status: 200 });
    }
  });

  it("closes the connection after Slack's check of the certificate, because it is not signed.", async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    client.write(requestBytes({ headers: formType, body: 'ssl_check=1' }));
    expect(await client.response()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await client.ended;
  });

  it('responds 100 before it reads a body, and 413 to a body that is too large.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const { headers, body } = fixture.sign(commandBody());
    const expectHeaders = { expect: '100-continue', 'content-length': String(body.length) };
    client.write(requestBytes({ headers, body: '' }, { headers: expectHeaders }));
    expect(await client.response()).toMatchObject({ status: 100 });
    client.write(body);
    expect(await client.response()).toMatchObject({ status: 200 });
    client.write(requestBytes({ headers, body: '' }, { headers: { ...expectHeaders, 'content-length': '9999999' } }));
    expect(await client.response()).toMatchObject({ status: 413 });
  });

  it('gets its rejection to a client that reads only after it has sent everything.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const { headers } = fixture.sign(commandBody());
    client.socket.pause();
    const bytes = requestBytes({ headers, body: Buffer.alloc(8_000_000, 'a') });
    await new Promise((resolve) => client.socket.write(bytes, resolve));
    client.socket.resume();
    expect(await client.response()).toMatchObject({ status: 413, headers: { connection: 'close' } });
    await client.ended;
    expect(fixture.appFixture.rejections).toEqual(['too_large']);
  });

  it("answers Slack's check of the certificate without a signature and its check of the URL with one.", async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    client.write(requestBytes({ headers: formType, body: `ssl_check=1&${commandBody()}` }));
    expect(await client.response()).toMatchObject({ status: 200, body: '' });
    using other = await fixture.connect();
    const { headers, body } = fixture.sign('{"type":"url_verification","challenge":"abc"}');
    const jsonType = { 'content-type': 'application/json' };
    other.write(requestBytes({ headers: { ...headers, ...jsonType }, body }));
    expect(await other.response()).toMatchObject({ status: 200, body: '{"challenge":"abc"}' });
    other.write(requestBytes({ headers: jsonType, body }));
    expect(await other.response()).toMatchObject({ status: 401, body: '' });
    expect(fixture.appFixture.rejections).toEqual(['missing_signature']);
    expect(fixture.appFixture.slack.callsTo('response_url')).toEqual([]);
  });

  it.each([
    '{"type":"block_actions","actions":null}',
    '{"type":"block_actions","actions":[{"action_id":"sync:v1:ok"}]}',
  ])('responds 400 to %s, which Bolt cannot read.', async (payload) => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    client.write(requestBytes(fixture.sign(new URLSearchParams({ payload }).toString())));
    expect(await client.response()).toMatchObject({ status: 400, body: '' });
    expect(fixture.appFixture.rejections).toEqual(['malformed']);
  });

  it('closes an unused connection without a response, and reports no rejection.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    expect(await client.response()).toBeNull();
    expect(fixture.appFixture.rejections).toEqual([]);
  });

  it('logs one line for many requests with an invalid signature, and reports each.', async () => {
    await using fixture = await startHttpReceiverFixture();
    const { headers, body } = fixture.sign(commandBody());
    const bytes = requestBytes({ headers: { ...headers, 'x-slack-signature': 'v0=00' }, body });
    const clients = await Promise.all(Array.from({ length: 50 }, () => fixture.connect()));
    for (const client of clients) client.write(bytes);
    for (const client of clients) expect(await client.response()).toMatchObject({ status: 401 });
    expect(fixture.appFixture.rejections).toEqual(Array<string>(50).fill('invalid_signature'));
    expect(fixture.appFixture.dependencies.logLines.filter(({ level }) => level !== 'info')).toHaveLength(1);
    for (const client of clients) client[Symbol.dispose]();
  });

  it('logs a connection that the system could not accept, and serves the next one.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const failWithEmfile = (message: unknown) => {
      const { server } = message as { server: EventEmitter };
      server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    };
    subscribe('http.server.request.start', failWithEmfile);
    client.write(requestBytes(fixture.sign(commandBody())));
    expect(await client.response()).toMatchObject({ status: 200 });
    unsubscribe('http.server.request.start', failWithEmfile);
    expect(fixture.logMessages()).toContain('failed to accept a connection from Slack');
  });
});

const createReceiver = () =>
  createHttpReceiver({ signingSecret: 'right', port: 0, host: null, log: createFakeContext([]).context.log });

it('Bolt checks the signature of a request as well.', async () => {
  const { boltReceiver } = createReceiver();
  if (!(boltReceiver instanceof HTTPReceiver)) throw new Error('another receiver');
  const server = createServer((request, response) => boltReceiver.requestListener(request, response));
  using client = await connectRawClient(await listenOnFreePort(server));
  client.write(requestBytes(signRequest(commandBody(), { signingSecret: 'wrong' })));
  expect(await client.response()).toMatchObject({ status: 401 });
  server.close();
  server.closeAllConnections();
});

it('A stop during the start makes the start fail.', async () => {
  const receiver = createReceiver();
  const startFailed = expect(receiver.start()).rejects.toMatchObject({ code: 'port' });
  await receiver.stop();
  await startFailed;
  expect(receiver.isReady).toBe(false);
});
