// The floor of `throughput`: a BullMQ worker that does nothing, with the options of the bot's own.
import { Worker } from 'bullmq';
import { connect } from '../../src/infra/redis/connection.ts';

const client = connect({ kind: 'standalone', url: process.env['REDIS_URL'] ?? '' }, 'blocking', () => {});
const worker = new Worker('empty', async () => {}, { connection: client, concurrency: 2_000, skipVersionCheck: true });
worker.on('error', () => {});
await worker.waitUntilReady();
process.send?.('ready');
