import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { startProducerOfVersion } from '../support/bullmq-versions.ts';
import { waitFor } from '../support/wait-for.ts';

/** Owns the links: adds tasks and runs their workers. A task with `fail` fails at its first attempt only. */
export async function startLinkOwner(url: string) {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const names = ['orders-full', 'orders-incr', 'orders-late', 'users-incr'];
  const queues = new Map(names.map((name) => [name, new Queue(name, { connection })]));
  const queueOf = (name: string) => queues.get(name) ?? expect.unreachable(name);
  await Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()));
  await waitFor(async () => (await connection.exists(names.map((name) => `bull:${name}:meta`))) === names.length);
  const producer = await startProducerOfVersion({ version: 5, url, queue: 'orders-full' });
  const workers: Worker[] = [];
  const failedTasks = new Set<string>();
  return {
    async startWorkers() {
      for (const name of names) {
        const worker = new Worker(
          name,
          async (job) => {
            const data = job.data as { readonly fail?: boolean };
            if (data.fail !== true || failedTasks.has(`${name}${job.id}`)) return;
            failedTasks.add(`${name}${job.id}`);
            throw new Error('value too long');
          },
          { connection },
        );
        worker.on('error', () => {});
        workers.push(worker);
        await worker.waitUntilReady();
      }
    },
    async add(name: string, { fail = false, ...options }: { fail?: boolean; priority?: number; delay?: number }) {
      await queueOf(name).add('change', { fail }, options);
    },
    addAsOldProducer: () => producer.add(['old']),
    async resume(...queueNames: string[]) {
      for (const name of queueNames) await queueOf(name).resume();
    },
    async [Symbol.asyncDispose]() {
      await producer[Symbol.asyncDispose]();
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      connection.disconnect();
    },
  };
}
