import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { HTTPReceiver } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { createHttpReceiver } from '../../../src/slack/receivers/http.ts';
import { signRequest } from '../../fake-slack/request-signing.ts';
import { listenOnFreePort } from '../../support/listen-on-free-port.ts';
import { connectRawClient, requestBytes } from '../../support/raw-http-client.ts';
import { createFakeDeps } from '../fake-deps.ts';
import { commandBody, startHttpReceiverFixture } from './http-fixture.ts';

describe('the door of HTTP mode', () => {
  it('takes a body in chunks, cut anywhere, with a charset and in its own time', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const body = Buffer.from('command=/sync&text=ключ&user_id=U0ALICE');
    const { headers } = fixture.sign(body);
    const otherContentType = { 'content-type': 'Application/x-www-form-urlencoded; charset=UTF-8' };
    const chunkedHeaders = { 'content-length': undefined, 'transfer-encoding': 'chunked' };
    client.write(requestBytes({ headers: { ...headers, ...otherContentType }, body: '' }, { headers: chunkedHeaders }));
    const splitIndex = body.indexOf('к') + 1;
    for (const part of [body.subarray(0, splitIndex), body.subarray(splitIndex)]) {
      client.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]));
    }
    client.write('0\r\n\r\n');
    expect(await client.response()).toMatchObject({ status: 200 });
    expect(fixture.appFixture.rejections).toEqual([]);
  });

  it('keeps a connection for the next request longer than load balancers do, but not that of whoever is refused', async () => {
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

  it('keeps no connection for the look at the certificate, which anybody can send', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    client.write(requestBytes({ headers, body: 'ssl_check=1' }));
    expect(await client.response()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await client.ended;
  });

  it('says 100 before a body that it will read, and 413 before one that it will not', async () => {
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

  it('is heard by somebody who reads only after having sent all', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const { headers } = fixture.sign(commandBody());
    client.socket.pause();
    const requestBuffer = requestBytes({ headers, body: Buffer.alloc(8_000_000, 'a') });
    await new Promise((resolve) => client.socket.write(requestBuffer, resolve));
    client.socket.resume();
    expect(await client.response()).toMatchObject({ status: 413, headers: { connection: 'close' } });
    await client.ended;
    expect(fixture.appFixture.rejections).toEqual(['oversized']);
  });

  it('answers the two looks of Slack: at the certificate unsigned, at the address signed', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    client.write(requestBytes({ headers: form, body: `ssl_check=1&${commandBody()}` }));
    expect(await client.response()).toMatchObject({ status: 200, body: '' });
    using signer = await fixture.connect();
    const { headers, body } = fixture.sign('{"type":"url_verification","challenge":"abc"}');
    const json = { ...headers, 'content-type': 'application/json' };
    signer.write(requestBytes({ headers: json, body }));
    expect(await signer.response()).toMatchObject({ status: 200, body: '{"challenge":"abc"}' });
    signer.write(requestBytes({ headers: { 'content-type': 'application/json' }, body }));
    expect(await signer.response()).toMatchObject({ status: 401, body: '' });
    expect(fixture.appFixture.rejections).toEqual(['unsigned']);
    expect(fixture.appFixture.slack.callsTo('response_url')).toEqual([]);
  });

  it.each([
    '{"type":"block_actions","actions":null}',
    '{"type":"block_actions","actions":[{"action_id":"sync:v1:ok"}]}',
  ])('answers 400 to %s, which nobody can make sense of', async (payload) => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    client.write(requestBytes(fixture.sign(new URLSearchParams({ payload }).toString())));
    expect(await client.response()).toMatchObject({ status: 400, body: '' });
    expect(fixture.appFixture.rejections).toEqual(['malformed']);
  });

  it('closes a connection on which nothing was said without a word, and counts nothing', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    expect(await client.response()).toBeNull();
    expect(fixture.appFixture.rejections).toEqual([]);
  });

  it('writes one line for a flood of forged requests, and counts each', async () => {
    await using fixture = await startHttpReceiverFixture();
    const { headers, body } = fixture.sign(commandBody());
    const forgedRequest = requestBytes({ headers: { ...headers, 'x-slack-signature': 'v0=00' }, body });
    const clients = await Promise.all(Array.from({ length: 50 }, () => fixture.connect()));
    for (const client of clients) client.write(forgedRequest);
    for (const client of clients) expect(await client.response()).toMatchObject({ status: 401 });
    expect(fixture.appFixture.rejections).toEqual(Array<string>(50).fill('forged'));
    expect(fixture.appFixture.dependencies.logLines.filter(({ level }) => level !== 'info')).toHaveLength(1);
    for (const client of clients) client[Symbol.dispose]();
  });
});

describe('behind the door', () => {
  const createReceiver = () => {
    const { deps, logLines } = createFakeDeps([]);
    return {
      log: logLines,
      fixture: createHttpReceiver({ signingSecret: 'right', port: 0, log: deps.log, onRequestRejected: () => {} }),
    };
  };

  it('Bolt still checks the signature by itself', async () => {
    const { boltReceiver: receiver } = createReceiver().fixture;
    if (!(receiver instanceof HTTPReceiver)) throw new Error('another receiver');
    const server = createServer((request, response) => receiver.requestListener(request, response));
    using client = await connectRawClient(await listenOnFreePort(server));
    client.write(requestBytes(signRequest(commandBody(), { signingSecret: 'wrong' })));
    expect(await client.response()).toMatchObject({ status: 401 });
    server.close();
    server.closeAllConnections();
  });

  it('a close in the middle of opening ends that too', async () => {
    const { fixture } = createReceiver();
    const opening = fixture.start();
    const openFailed = expect(opening).rejects.toMatchObject({ code: 'port' });
    await fixture.stop();
    await openFailed;
    expect(fixture.isConnected).toBe(false);
  });

  it('a connection that the system could not give is a line in the log, and the next one is heard', async () => {
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
    const lines = fixture.appFixture.dependencies.logLines.map(({ message: sentence }) => sentence);
    expect(lines).toContain('connection of Slack could not be taken');
  });
});
