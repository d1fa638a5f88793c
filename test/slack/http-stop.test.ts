import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { listenHere } from '../support/listen.ts';
import { requestBytes } from '../support/raw-http.ts';
import { openBench } from './bench.ts';
import { command, openDoor } from './door-bench.ts';

describe('a port that is taken', () => {
  it('is one sentence; when it is free again a new start succeeds', async () => {
    const other = createServer();
    const port = await listenHere(other);
    await using bench = await openBench({}, { way: ({ signingSecret }) => ({ kind: 'http', signingSecret, port }) });
    const refused = { name: 'SlackRefused', code: 'port', message: `Port ${port} is taken: set PORT to another one.` };
    await expect(bench.app.start()).rejects.toMatchObject(refused);
    expect(bench.app.isConnected()).toBe(false);
    other.close();
    await once(other, 'close');
    await bench.app.start();
    expect(bench.app.isConnected()).toBe(true);
  });
});

describe('the stop in HTTP mode', () => {
  it('ends idle connections and takes no new ones', async () => {
    await using door = await openDoor();
    using idle = await door.client();
    idle.write(requestBytes(door.sign(command())));
    await idle.answer();
    await door.bench.app.stop();
    await idle.ended;
    expect(door.bench.app.isConnected()).toBe(false);
    await expect(door.client()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is held by nobody: not by a half-sent head, not by a half-sent body, not by silence', async () => {
    await using door = await openDoor();
    using silent = await door.client();
    using head = await door.client();
    using body = await door.client();
    const whole = requestBytes(door.sign(command()));
    head.write('POST /slack/events HTTP/1.1\r\nhost: x\r\n');
    body.write(whole.subarray(0, -5));
    await door.bench.app.stop();
    for (const client of [silent, head, body]) expect(await client.answer()).toBeNull();
  });

  it('answers what is on its way in, and then ends that connection too', async () => {
    await using door = await openDoor();
    using client = await door.client();
    using next = await door.client();
    const whole = requestBytes(door.sign(command()));
    client.write(whole.subarray(0, -5));
    next.write(requestBytes(door.sign(command('list'))));
    await next.answer();
    const stopped = door.bench.app.stop();
    await next.ended;
    client.write(whole.subarray(-5));
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    await stopped;
  });
});
