import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listenOnFreePort } from '../../support/listen-on-free-port.ts';
import { requestBytes } from '../../support/raw-http-client.ts';
import { createSlackAppFixture } from '../slack-app-fixture.ts';
import { commandBody, startHttpReceiverFixture } from './http-fixture.ts';

it('A start on a taken port fails with one sentence, and succeeds when the port is free again.', async () => {
  const portControl = createServer();
  const port = await listenOnFreePort(portControl);
  await using fixture = await createSlackAppFixture(
    {},
    { transport: ({ signingSecret }) => ({ kind: 'http', signingSecret, port, host: null }) },
  );
  await expect(fixture.slackApp.start()).rejects.toMatchObject({
    name: 'SlackConnectionError',
    code: 'port',
    message: `Port ${port} is taken: set PORT to another one.`,
  });
  expect(fixture.slackApp.isConnected()).toBe(false);
  portControl.close();
  await once(portControl, 'close');
  await fixture.slackApp.start();
  expect(fixture.slackApp.isConnected()).toBe(true);
});

describe('A stop in HTTP mode', () => {
  it('closes idle connections and accepts no new ones.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using idle = await fixture.connect();
    idle.write(requestBytes(fixture.sign(commandBody())));
    await idle.response();
    await fixture.appFixture.slackApp.stop();
    await idle.ended;
    expect(fixture.appFixture.slackApp.isConnected()).toBe(false);
    await expect(fixture.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not wait for an unused connection, an incomplete head or an incomplete body.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using unused = await fixture.connect();
    using head = await fixture.connect();
    using body = await fixture.connect();
    head.write('POST /slack/events HTTP/1.1\r\nhost: x\r\n');
    body.write(requestBytes(fixture.sign(commandBody())).subarray(0, -5));
    await fixture.appFixture.slackApp.stop();
    for (const client of [unused, head, body]) expect(await client.response()).toBeNull();
    expect(fixture.appFixture.rejections).toEqual([]);
  });

  it('answers a request that is arriving, then closes its connection.', async () => {
    await using fixture = await startHttpReceiverFixture();
    using client = await fixture.connect();
    using other = await fixture.connect();
    const bytes = requestBytes(fixture.sign(commandBody()));
    client.write(bytes.subarray(0, -5));
    other.write(requestBytes(fixture.sign(commandBody('list'))));
    await other.response();
    const stopping = fixture.appFixture.slackApp.stop();
    await other.ended;
    client.write(bytes.subarray(-5));
    expect(await client.response()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await stopping;
  });
});
