// The baseline of benchmark d: a BullMQ worker with an empty processor and the same options as syncbot's own worker.
import { Worker } from 'bullmq';
import { connect } from '../../src/infra/redis/client.ts';

const client = connect({ kind: 'standalone', url: process.env['REDIS_URL'] ?? '' }, 'blocking', () => {});
const worker = new Worker('empty', async () => {}, { connection: client, concurrency: 2_000, skipVersionCheck: true });
worker.on('error', () => {});
await worker.waitUntilReady();
process.send?.('ready');
