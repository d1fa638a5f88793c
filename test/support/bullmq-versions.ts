import { Queue as Queue6, Worker as Worker6 } from 'bullmq';
import { Queue as Queue4, Worker as Worker4 } from 'bullmq4';
import { Queue as Queue5, Worker as Worker5 } from 'bullmq5';

/** The major versions of BullMQ that the owner of a link may use. */
export type BullMqVersion = 4 | 5 | 6;

export interface VersionedQueue {
  readonly version: BullMqVersion;
  /** The URL of its Redis. */
  readonly url: string;
  readonly queue: string;
  readonly prefix?: string;
}

export interface LinkWorker extends AsyncDisposable {
  /** The names of the started tasks, in order. A task that started twice is listed twice. */
  readonly startedTasks: readonly string[];
}

/** Starts a link's worker with a version of BullMQ. `process` may throw to fail a task. */
export async function startWorkerOfVersion(
  { version, url, queue, prefix = 'bull' }: VersionedQueue,
  process: (name: string) => Promise<void> = async () => {},
): Promise<LinkWorker> {
  const startedTasks: string[] = [];
  const worker = createWorker(
    version,
    queue,
    async ({ name }) => {
      startedTasks.push(name);
      await process(name);
    },
    { connection: connectionOf(url), prefix },
  );
  await worker.waitUntilReady();
  return { startedTasks, [Symbol.asyncDispose]: () => worker.close() };
}

export interface Producer extends AsyncDisposable {
  add(names: readonly string[], options?: { readonly delay?: number; readonly priority?: number }): Promise<void>;
}

/** Adds tasks with a version of BullMQ. While a queue is paused, versions 4 and 5 add tasks to the list `paused`. */
export async function startProducerOfVersion({
  version,
  url,
  queue,
  prefix = 'bull',
}: VersionedQueue): Promise<Producer> {
  const producer = createQueue(version, queue, { connection: connectionOf(url), prefix });
  await producer.waitUntilReady();
  return {
    async add(names, options = {}) {
      for (const name of names) await producer.add(name, {}, options);
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
}

interface QueueConnection {
  readonly connection: ReturnType<typeof connectionOf>;
  readonly prefix: string;
}

type Processor = (job: { readonly name: string }) => Promise<void>;

/** The classes of the versions have different types, but the same methods that are used here. */
function createWorker(version: BullMqVersion, queue: string, processor: Processor, options: QueueConnection) {
  switch (version) {
    case 4:
      return new Worker4(queue, processor, options).on('error', () => {});
    case 5:
      return new Worker5(queue, processor, options).on('error', () => {});
    case 6:
      return new Worker6(queue, processor, options).on('error', () => {});
  }
}

function createQueue(version: BullMqVersion, queue: string, options: QueueConnection): ProducerQueue {
  switch (version) {
    case 4:
      return new Queue4(queue, options).on('error', () => {});
    case 5:
      return new Queue5(queue, options).on('error', () => {});
    case 6:
      return new Queue6(queue, options).on('error', () => {});
  }
}

interface ProducerQueue {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
  add(name: string, data: object, options: { readonly delay?: number; readonly priority?: number }): Promise<unknown>;
}

function connectionOf(url: string) {
  const { hostname: host, port, username, password } = new URL(url);
  return { host, port: Number(port), username, password, maxRetriesPerRequest: null };
}
