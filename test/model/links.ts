import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { startLinkWorker } from '../../demo/link-worker.ts';
import { startSource } from '../../demo/source.ts';
import { compareTables, fixRefusedRows, setColumnLimit } from '../../demo/tables.ts';
import { parseFields } from './records.ts';
import { shouldPauseLinks } from './state-model.ts';

export type Cleanup = (() => unknown)[];

/** A link whose tasks are processed. */
export interface ModelLink {
  /** A direct connection to its Redis. */
  readonly redis: Redis;
  readonly link: string;
  readonly queue: Queue;
  /** How many failed tasks BullMQ keeps. Null for all of them. */
  readonly keptFailures: number | null;
  addTasks(count: number): Promise<unknown>;
  /** Adds tasks that fail until `repair`. `seed` selects them. */
  addFailingTasks(seed: number): Promise<unknown>;
  repair(): Promise<unknown>;
  /** Stops the link's worker gracefully, and starts another. */
  restartWorker(): Promise<void>;
  /** Returns how the target differs from the source when every task is completed, or an empty text. */
  findDifference(): Promise<string>;
}

interface LinkOptions {
  readonly cleanup: Cleanup;
  readonly redis: Redis;
  readonly url: string;
  readonly project: string;
  readonly link: string;
}

/** A link that copies a table. Its worker refuses a change that comes too early. BullMQ keeps every failed task. */
export async function createTableLink({ cleanup, redis, url, project, link }: LinkOptions): Promise<ModelLink> {
  const table = { project, link };
  await setColumnLimit(redis, table, { column: 'amount', width: 12 });
  const source = await startSource({ url, project, link, rowCount: 10 });
  cleanup.push(() => source.stop());
  await source.burst(2);
  const queue = new Queue(link, { connection: redis, skipMetasUpdate: true });
  cleanup.push(() => queue.close());
  const startWorker = () => startLinkWorker({ url, project, link, taskDurationMs: 1 });
  return {
    redis,
    link,
    queue,
    keptFailures: null,
    addTasks: (count) => source.burst(count),
    addFailingTasks: (seed) => source.breakRow(String(1 + (seed % 10))),
    repair: () => fixRefusedRows(redis, table),
    restartWorker: await startRestartableWorker(startWorker, cleanup),
    async findDifference() {
      const unequal = (await compareTables(redis, project, [link])).filter(({ equal }) => !equal);
      return unequal.length === 0 ? '' : `${link}: target and source differ: ${JSON.stringify(unequal)}`;
    },
  };
}

/** No record, no log line and no answer may contain it. It is in the data and in the failure reason of each failing task. */
export const secret = 'hunter2';
const failureReason = `refused by postgres://app:${secret}@db.internal:5432/app (password=${secret})`;
const keptFailures = 2;
const tasksPerFailure = 5;

/** A link whose tasks have `removeOnFail: <n>`: BullMQ keeps the newest failed ones, and the others are lost. */
export async function createBoundedLink({ cleanup, redis, url, link }: LinkOptions): Promise<ModelLink> {
  const options = { removeOnFail: keptFailures, removeOnComplete: { count: 50 } };
  const queue = new Queue(link, { connection: { url }, defaultJobOptions: options });
  queue.on('error', () => {});
  await queue.waitUntilReady();
  cleanup.push(() => queue.close());
  let [added, repaired] = [0, 0];
  const add = async (name: 'good' | 'bad', count: number) => {
    for (let index = 0; index < count; index++) await queue.add(name, { secret, number: ++added });
  };
  const processTask = async ({ name, data }: { readonly name: string; readonly data: { readonly number: number } }) => {
    if (name === 'bad' && data.number > repaired) throw new Error(failureReason);
  };
  const startWorker = async () => {
    const worker = new Worker(link, processTask, { connection: { url }, concurrency: 4 });
    worker.on('error', () => {});
    await worker.waitUntilReady();
    return { stop: () => worker.close() };
  };
  await add('good', 2);
  return {
    redis,
    link,
    queue,
    keptFailures,
    addTasks: (count) => add('good', count),
    addFailingTasks: (seed) => add('bad', 1 + (seed % tasksPerFailure)),
    async repair() {
      repaired = added;
    },
    restartWorker: await startRestartableWorker(startWorker, cleanup),
    findDifference: async () => '',
  };
}

async function startRestartableWorker(
  start: () => Promise<{ stop(): Promise<void> }>,
  cleanup: Cleanup,
): Promise<() => Promise<void>> {
  let worker = await start();
  cleanup.push(() => worker.stop());
  let pending: Promise<unknown> = Promise.resolve();
  return () => {
    const restarted = pending.then(async () => {
      await worker.stop();
      worker = await start();
    });
    pending = restarted;
    return restarted;
  };
}

/** A link without tasks, whose queue is deleted and created again. A worker seems to be connected. */
export interface OptionalLink {
  readonly redis: Redis;
  readonly link: string;
  /** Returns false if it does not exist. */
  delete(): Promise<boolean>;
  /** Returns false if it exists. */
  create(): Promise<boolean>;
  exists(): Promise<boolean>;
  /** How many calls of `delete` and `create` have begun, and how many have ended. */
  readonly changes: { readonly begun: number; readonly ended: number };
}

interface OptionalLinkOptions extends LinkOptions {
  readonly connection: string;
  /** The bot's Redis. */
  readonly records: Redis;
}

const createQueueScript = `
  if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
  redis.call('HSET', KEYS[1], 'version', 'bullmq:6.7.0', 'opts.maxLenEvents', 10000)
  if ARGV[1] == 'paused' then redis.call('HSET', KEYS[1], 'paused', 1) end
  redis.call('XADD', KEYS[2], '*', 'event', ARGV[1], 'by', 'person')
  return 1
`;

/**
 * A person who deletes a queue and creates it again gives it the flag of the project. If syncbot has recorded that it was
 * missing, syncbot corrects the flag, so it is created running.
 */
export async function createOptionalLink(options: OptionalLinkOptions): Promise<OptionalLink> {
  const { cleanup, redis, url, records, project, link, connection } = options;
  const key = (name: string) => `bull:${link}:${name}`;
  // A connection with the name of a BullMQ worker. A real one would create the queue again.
  const worker = new Redis(url, { connectionName: `bull:${Buffer.from(link).toString('base64')}` });
  worker.on('error', () => {});
  cleanup.push(() => worker.disconnect());
  const wantsPaused = async () => {
    const [state, pending] = await records.hmget(`syncbot:{p:${project}}:state`, 'state', 'pendingLinks');
    return shouldPauseLinks(state ?? '') && pending?.includes(`${connection}/bull:${link}`) !== true;
  };
  let [begun, ended] = [0, 0];
  const change = async (work: () => Promise<boolean>) => {
    begun += 1;
    try {
      return await work();
    } finally {
      ended += 1;
    }
  };
  return {
    redis,
    link,
    get changes() {
      return { begun, ended };
    },
    exists: async () => (await redis.exists(key('meta'), key('events'))) > 0,
    delete: () =>
      change(async () => {
        const existed = (await redis.exists(key('meta'))) === 1;
        await redis.del(...['meta', 'events', 'marker', 'wait', 'paused', 'id'].map(key));
        return existed;
      }),
    create: () =>
      change(async () => {
        const flag = (await wantsPaused()) ? 'paused' : 'resumed';
        return (await redis.eval(createQueueScript, 2, key('meta'), key('events'), flag)) === 1;
      }),
  };
}

/** Does what BullMQ 6.7.0 does, and adds to the event that a person did it. */
const changeFlagScript = `
  local meta, wait, marker, events = unpack(KEYS)
  if redis.call('EXISTS', meta) == 0 then return 0 end
  if (redis.call('HEXISTS', meta, 'paused') == 1) == (ARGV[1] == 'paused') then return 0 end
  if ARGV[1] == 'paused' then
    redis.call('HSET', meta, 'paused', 1)
    redis.call('DEL', marker)
  else
    redis.call('HDEL', meta, 'paused')
    if redis.call('LLEN', wait) > 0 then redis.call('ZADD', marker, 0, '0') end
  end
  redis.call('XADD', events, '*', 'event', ARGV[1], 'by', 'person')
  return 1
`;

/** A person pauses or resumes a queue without syncbot. Returns false if it has that flag or does not exist. */
export async function changeFlag(
  { redis, link }: Pick<ModelLink, 'redis' | 'link'>,
  flag: 'paused' | 'resumed',
): Promise<boolean> {
  const keys = ['meta', 'wait', 'marker', 'events'].map((name) => `bull:${link}:${name}`);
  return (await redis.eval(changeFlagScript, keys.length, ...keys, flag)) === 1;
}

/** The pause flag of a queue, and whether a person has set it. */
export async function readFlag({
  redis,
  link,
}: Pick<ModelLink, 'redis' | 'link'>): Promise<{ readonly paused: boolean; readonly isByPerson: boolean }> {
  const [paused, events] = await Promise.all([
    redis.hexists(`bull:${link}:meta`, 'paused'),
    redis.xrevrange(`bull:${link}:events`, '+', '-'),
  ]);
  const last = events
    .map(([, flat]) => parseFields(flat))
    .find(({ event }) => event === 'paused' || event === 'resumed');
  return { paused: paused === 1, isByPerson: last?.['by'] === 'person' };
}
