import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { readBody } from '../../src/slack/http-body.ts';

setFlagsFromString('--expose-gc');
const collect = (): void => runInNewContext('gc')();

it('a body of single bytes takes the memory of a body, not of a million pieces', async () => {
  const request = new IncomingMessage(new Socket());
  const read = readBody(request, { atMost: 1_048_576, withinMs: 60_000 });
  const ended = once(request, 'end');
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let sent = 0; sent < 300_000; sent++) request.emit('data', Buffer.from([sent % 256]));
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  request.push(null);
  await ended;
  expect(grown).toBeLessThan(8_000_000);
  expect(await read).toMatchObject({ kind: 'read', body: expect.objectContaining({ length: 300_000 }) });
});
