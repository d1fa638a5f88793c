import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listenOnFreePort } from '../../support/listen-on-free-port.ts';
import { requestBytes } from '../../support/raw-http-client.ts';
import { createSlackAppFixture } from '../slack-app-fixture.ts';
import { commandBody, startHttpReceiverFixture } from './http-fixture.ts';

describe('a port that is taken', () => {
  it('is one sentence; when it is free again a new start succeeds', async () => {
    const portHolder = createServer();
    const port = await listenOnFreePort(portHolder);
    await using fixture = await createSlackAppFixture(
      {},
      { transport: ({ signingSecret }) => ({ kind: 'http', signingSecret, port }) },
    );
    const portTaken = {
      name: 'SlackRefused',
      code: 'port',
      message: `Port ${port} is taken: set PORT to another one.`,
    };
    await expect(fixture.slackApp.start()).rejects.toMatchObject(portTaken);
    expect(fixture.slackApp.isConnected()).toBe(false);
    portHolder.close();
    await once(portHolder, 'close');
    await fixture.slackApp.start();
    expect(fixture.slackApp.isConnected()).toBe(true);
  });
});

describe('the stop in HTTP mode', () => {
  it('ends idle connections and takes no new ones', async () => {
    await using fixture = await startHttpReceiverFixture();
    using idle = await fixture.connect();
    idle.write(requestBytes(fixture.sign(commandBody())));
    await idle.response();
    await fixture.appFixture.slackApp.stop();
    await idle.ended;
    expect(fixture.appFixture.slackApp.isConnected()).toBe(false);
    await expect(fixture.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is held by nobody: not by a half-sent head, not by a half-sent body, not by silence', async () => {
    await using fixture = await startHttpReceiverFixture();
    using silent = await fixture.connect();
    using head = await fixture.connect();
    using body = await fixture.connect();
    const requestBuffer = requestBytes(fixture.sign(commandBody()));
    head.write('POST /slack/events HTTP/1.1\r\nhost: x\r\n');
    body.write(requestBuffer.subarray(0, -5));
    await fixture.appFixture.slackApp.stop();
    for (const client of [silent, head, body]) expect(await client.response()).toBeNull();
  });

  it('answers what is on its way in, and then ends that connection too', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    using next = await fixture.connect();
    const requestBuffer = requestBytes(fixture.sign(commandBody()));
    client.write(requestBuffer.subarray(0, -5));
    next.write(requestBytes(fixture.sign(commandBody('list'))));
    await next.response();
    const stopping = fixture.appFixture.slackApp.stop();
    await next.ended;
    client.write(requestBuffer.subarray(-5));
    expect(await client.response()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await stopping;
  });
});
