// A Redis that is further away: every chunk arrives DELAY_MS later, in both directions. A process of its own, so that it
// takes nothing from the one that is measured.
import { connect, createServer, type Socket } from 'node:net';
import { listenOnFreePort } from '../../test/support/listen-on-free-port.ts';
import { delayLine } from '../delay-line.ts';

const { REDIS_PORT = '', DELAY_MS = '' } = process.env;
const delayMs = Number(DELAY_MS);

const server = createServer((client) => {
  const redis = connect(Number(REDIS_PORT), '127.0.0.1');
  forwardWithDelay(client, redis);
  forwardWithDelay(redis, client);
});
process.send?.(await listenOnFreePort(server));

function forwardWithDelay(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on(
    'data',
    delayLine<Buffer>(delayMs, (chunk) => void to.write(chunk)),
  );
  from.on('error', () => {});
  from.on('close', () => to.destroy());
}
