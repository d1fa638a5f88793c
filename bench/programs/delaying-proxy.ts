// Simulates a remote Redis: each chunk arrives DELAY_MS later, in both directions. It runs in its own process, so that it
// takes no CPU time from the process that is measured.
import type { Socket } from 'node:net';
import { delayLine } from '../../test/support/delay-line.ts';
import { startTcpProxy } from '../../test/support/tcp-proxy.ts';

const { REDIS_PORT = '', DELAY_MS = '' } = process.env;
const delayMs = Number(DELAY_MS);

const proxy = await startTcpProxy(Number(REDIS_PORT), ({ client, server }) => {
  client.on('data', delayedWriter(server));
  server.on('data', delayedWriter(client));
});
process.send?.(proxy.port);

function delayedWriter(to: Socket): (chunk: Buffer) => void {
  return delayLine(
    () => delayMs,
    (chunk) => void to.write(chunk),
  );
}
