import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { HTTPReceiver } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { createHttpDoor } from '../../src/slack/http-door.ts';
import { listenHere } from '../support/listen.ts';
import { rawClient, requestBytes } from '../support/raw-http.ts';
import { signed } from '../support/slack/signing.ts';
import { command, openDoor } from './door-bench.ts';
import { fakeDeps } from './fake-deps.ts';

describe('the door of HTTP mode', () => {
  it('takes a body in chunks, cut anywhere, with a charset and in its own time', async () => {
    await using door = await openDoor();
    using client = await door.client();
    const body = Buffer.from('command=/sync&text=ключ&user_id=U0ALICE');
    const { headers } = door.sign(body);
    const changed = { 'content-type': 'Application/x-www-form-urlencoded; charset=UTF-8' };
    const chunked = { 'content-length': undefined, 'transfer-encoding': 'chunked' };
    client.write(requestBytes({ headers: { ...headers, ...changed }, body: '' }, { headers: chunked }));
    const cut = body.indexOf('к') + 1;
    for (const part of [body.subarray(0, cut), body.subarray(cut)]) {
      client.write(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]));
    }
    client.write('0\r\n\r\n');
    expect(await client.answer()).toMatchObject({ status: 200 });
    expect(door.bench.rejected).toEqual([]);
  });

  it('keeps a connection for the next request longer than load balancers do, but not that of whoever is refused', async () => {
    await using door = await openDoor();
    using client = await door.client();
    for (const text of ['help', 'list']) {
      client.write(requestBytes(door.sign(command(text))));
      const answer = await client.answer();
      expect(answer).toMatchObject({ status: 200, headers: { connection: 'keep-alive' } });
      expect(Number(/timeout=(\d+)/.exec(answer?.headers['keep-alive'] ?? '')?.[1])).toBeGreaterThan(600);
    }
    client.write(requestBytes(door.sign(command(), 1)));
    expect(await client.answer()).toMatchObject({ status: 401, headers: { connection: 'close' } });
    await client.ended;
  });

  it('keeps no connection for the look at the certificate, which anybody can send', async () => {
    await using door = await openDoor();
    using client = await door.client();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    client.write(requestBytes({ headers, body: 'ssl_check=1' }));
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await client.ended;
  });

  it('says 100 before a body that it will read, and 413 before one that it will not', async () => {
    await using door = await openDoor();
    using client = await door.client();
    const { headers, body } = door.sign(command());
    const expects = { expect: '100-continue', 'content-length': String(body.length) };
    client.write(requestBytes({ headers, body: '' }, { headers: expects }));
    expect(await client.answer()).toMatchObject({ status: 100 });
    client.write(body);
    expect(await client.answer()).toMatchObject({ status: 200 });
    client.write(requestBytes({ headers, body: '' }, { headers: { ...expects, 'content-length': '9999999' } }));
    expect(await client.answer()).toMatchObject({ status: 413 });
  });

  it('is heard by somebody who reads only after having sent all', async () => {
    await using door = await openDoor();
    using client = await door.client();
    const { headers } = door.sign(command());
    client.socket.pause();
    const whole = requestBytes({ headers, body: Buffer.alloc(8_000_000, 'a') });
    await new Promise((resolve) => client.socket.write(whole, resolve));
    client.socket.resume();
    expect(await client.answer()).toMatchObject({ status: 413, headers: { connection: 'close' } });
    await client.ended;
    expect(door.bench.rejected).toEqual(['oversized']);
  });

  it('answers the two looks of Slack: at the certificate unsigned, at the address signed', async () => {
    await using door = await openDoor();
    using client = await door.client();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    client.write(requestBytes({ headers: form, body: `ssl_check=1&${command()}` }));
    expect(await client.answer()).toMatchObject({ status: 200, body: '' });
    using signer = await door.client();
    const { headers, body } = door.sign('{"type":"url_verification","challenge":"abc"}');
    const json = { ...headers, 'content-type': 'application/json' };
    signer.write(requestBytes({ headers: json, body }));
    expect(await signer.answer()).toMatchObject({ status: 200, body: '{"challenge":"abc"}' });
    signer.write(requestBytes({ headers: { 'content-type': 'application/json' }, body }));
    expect(await signer.answer()).toMatchObject({ status: 401, body: '' });
    expect(door.bench.rejected).toEqual(['unsigned']);
    expect(door.bench.slack.callsTo('response_url')).toEqual([]);
  });

  it.each([
    '{"type":"block_actions","actions":null}',
    '{"type":"block_actions","actions":[{"action_id":"sync:v1:ok"}]}',
  ])('answers 400 to %s, which nobody can make sense of', async (payload) => {
    await using door = await openDoor();
    using client = await door.client();
    client.write(requestBytes(door.sign(new URLSearchParams({ payload }).toString())));
    expect(await client.answer()).toMatchObject({ status: 400, body: '' });
    expect(door.bench.rejected).toEqual(['malformed']);
  });

  it('closes a connection on which nothing was said without a word, and counts nothing', async () => {
    await using door = await openDoor();
    using client = await door.client();
    expect(await client.answer()).toBeNull();
    expect(door.bench.rejected).toEqual([]);
  });

  it('writes one line for a flood of forged requests, and counts each', async () => {
    await using door = await openDoor();
    const { headers, body } = door.sign(command());
    const forged = requestBytes({ headers: { ...headers, 'x-slack-signature': 'v0=00' }, body });
    const clients = await Promise.all(Array.from({ length: 50 }, () => door.client()));
    for (const client of clients) client.write(forged);
    for (const client of clients) expect(await client.answer()).toMatchObject({ status: 401 });
    expect(door.bench.rejected).toEqual(Array<string>(50).fill('forged'));
    expect(door.bench.fake.log.filter(({ level }) => level !== 'info')).toHaveLength(1);
    for (const client of clients) client[Symbol.dispose]();
  });
});

describe('behind the door', () => {
  const openAlone = () => {
    const { deps, log } = fakeDeps([]);
    return { log, door: createHttpDoor({ signingSecret: 'right', port: 0, log: deps.log, onRejected: () => {} }) };
  };

  it('Bolt still checks the signature by itself', async () => {
    const { receiver } = openAlone().door;
    if (!(receiver instanceof HTTPReceiver)) throw new Error('another receiver');
    const server = createServer((request, response) => receiver.requestListener(request, response));
    using client = await rawClient(await listenHere(server));
    client.write(requestBytes(signed(command(), { signingSecret: 'wrong' })));
    expect(await client.answer()).toMatchObject({ status: 401 });
    server.close();
    server.closeAllConnections();
  });

  it('a close in the middle of opening ends that too', async () => {
    const { door } = openAlone();
    const opening = door.open();
    const settled = expect(opening).rejects.toMatchObject({ code: 'port' });
    await door.close();
    await settled;
    expect(door.isOpen).toBe(false);
  });

  it('a connection that the system could not give is a line in the log, and the next one is heard', async () => {
    await using door = await openDoor();
    using client = await door.client();
    const shortOfFiles = (message: unknown) => {
      const { server } = message as { server: EventEmitter };
      server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    };
    subscribe('http.server.request.start', shortOfFiles);
    client.write(requestBytes(door.sign(command())));
    expect(await client.answer()).toMatchObject({ status: 200 });
    unsubscribe('http.server.request.start', shortOfFiles);
    const lines = door.bench.fake.log.map(({ sentence }) => sentence);
    expect(lines).toContain('connection of Slack could not be taken');
  });
});
