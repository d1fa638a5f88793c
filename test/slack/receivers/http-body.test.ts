import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { readBody } from '../../../src/slack/receivers/http-body.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = (): void => runInNewContext('gc')();

it('a body of single bytes takes the memory of a body, not of a million pieces', async () => {
  const request = new IncomingMessage(new Socket());
  const readResult = readBody(request, { maxBytes: 1_048_576, timeoutMs: 60_000 });
  const requestEnded = once(request, 'end');
  collectGarbage();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let chunkIndex = 0; chunkIndex < 300_000; chunkIndex++) request.emit('data', Buffer.from([chunkIndex % 256]));
  collectGarbage();
  const heapGrowth = process.memoryUsage().heapUsed - heapBefore;
  request.push(null);
  await requestEnded;
  expect(heapGrowth).toBeLessThan(8_000_000);
  expect(await readResult).toMatchObject({ kind: 'read', body: expect.objectContaining({ length: 300_000 }) });
});
