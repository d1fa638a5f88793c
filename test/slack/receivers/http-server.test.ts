import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { readBody } from '../../../src/slack/receivers/http-server.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = (): void => runInNewContext('gc')();

it('A body in 300,000 chunks of one byte takes less than 8 MB of heap.', async () => {
  const request = new IncomingMessage(new Socket());
  const bodyResult = readBody(request, 1_048_576);
  const requestEnded = once(request, 'end');
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let index = 0; index < 300_000; index++) request.emit('data', Buffer.from([index % 256]));
  collectGarbage();
  const heapGrowth = process.memoryUsage().heapUsed - heapBefore;
  request.push(null);
  await requestEnded;
  expect(heapGrowth).toBeLessThan(8_000_000);
  const result = await bodyResult;
  const expected = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
  expect(result.kind === 'read' && result.body.equals(expected)).toBe(true);
});
