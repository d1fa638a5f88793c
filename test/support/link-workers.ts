import { Queue as Queue6, Worker as Worker6 } from 'bullmq';
import { Queue as Queue4, Worker as Worker4 } from 'bullmq4';
import { Queue as Queue5, Worker as Worker5 } from 'bullmq5';

/** The major versions of BullMQ that owners of links may use. */
export type BullMqVersion = 4 | 5 | 6;

export interface OldLink {
  readonly version: BullMqVersion;
  /** The address of its Redis. */
  readonly url: string;
  readonly queue: string;
  readonly prefix?: string;
}

export interface LinkWorker extends AsyncDisposable {
  /** Tasks that were begun, by name, in order; one that ran twice is here twice. */
  readonly begun: readonly string[];
}

/** A link's worker as somebody runs it who has not upgraded. `run` may throw to fail a task. */
export async function startOldWorker(
  { version, url, queue, prefix = 'bull' }: OldLink,
  run: (name: string) => Promise<void> = async () => {},
): Promise<LinkWorker> {
  const begun: string[] = [];
  const worker = makeWorker(
    version,
    queue,
    async ({ name }) => {
      begun.push(name);
      await run(name);
    },
    { connection: connectionOf(url), prefix },
  );
  await worker.waitUntilReady();
  return { begun, [Symbol.asyncDispose]: () => worker.close() };
}

export interface Producer extends AsyncDisposable {
  add(names: readonly string[], options?: { readonly delay?: number; readonly priority?: number }): Promise<void>;
}

/** Adds tasks as a producer of this version does: while a queue is paused, 4 and 5 put them into a list of its own. */
export async function openOldProducer({ version, url, queue, prefix = 'bull' }: OldLink): Promise<Producer> {
  const producer = makeQueue(version, queue, { connection: connectionOf(url), prefix });
  await producer.waitUntilReady();
  return {
    async add(names, options = {}) {
      for (const name of names) await producer.add(name, {}, options);
    },
    [Symbol.asyncDispose]: () => producer.close(),
  };
}

interface Where {
  readonly connection: ReturnType<typeof connectionOf>;
  readonly prefix: string;
}

type Run = (job: { readonly name: string }) => Promise<void>;

/** The classes of the versions are of different types, with the same few methods that are used here. */
function makeWorker(version: BullMqVersion, queue: string, run: Run, where: Where) {
  switch (version) {
    case 4:
      return new Worker4(queue, run, where).on('error', () => {});
    case 5:
      return new Worker5(queue, run, where).on('error', () => {});
    case 6:
      return new Worker6(queue, run, where).on('error', () => {});
  }
}

function makeQueue(version: BullMqVersion, queue: string, where: Where): Adding {
  switch (version) {
    case 4:
      return new Queue4(queue, where).on('error', () => {});
    case 5:
      return new Queue5(queue, where).on('error', () => {});
    case 6:
      return new Queue6(queue, where).on('error', () => {});
  }
}

interface Adding {
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
  add(name: string, data: object, options: { readonly delay?: number; readonly priority?: number }): Promise<unknown>;
}

function connectionOf(url: string) {
  const { hostname: host, port, username, password } = new URL(url);
  return { host, port: Number(port), username, password, maxRetriesPerRequest: null };
}
