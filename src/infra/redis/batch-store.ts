import { z } from 'zod';
import type { BatchStore, NewBatch } from '../../application/batch-store.ts';
import { type Batch, batchSchema, isOpenBatch } from '../../domain/batch.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { flatHashSchema } from './records.ts';
import { loadScript, runScript, type Script } from './scripts.ts';
import { sendCommands } from './send-commands.ts';
import type { StoreSettings } from './steps.ts';

const requestScript = loadScript(new URL('lua/request-batch.lua', import.meta.url));
const resolveScript = loadScript(new URL('lua/resolve-batch.lua', import.meta.url));
const updateScript = loadScript(new URL('lua/update-batch.lua', import.meta.url));
const markNotifiedScript = loadScript(new URL('lua/mark-batch-notified.lua', import.meta.url));

const resolveReply = z.union([
  z.tuple([z.enum(['resolved', 'repeated']), flatHashSchema]),
  z.tuple([z.literal('not_requester'), z.string()]),
  z.tuple([z.literal('unknown')]),
]);

export interface BatchStoreOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly settings: Pick<StoreSettings, 'retentionMs'>;
}

/** Each batch is a hash. Each change of it is one script. */
export function createBatchStore({ client, keys, settings }: BatchStoreOptions): BatchStore {
  const run = (script: Script, id: string, args: object) => {
    const given = Object.entries(args).filter(([, value]) => value !== null);
    const json = JSON.stringify({ ...Object.fromEntries(given), retentionMs: settings.retentionMs });
    return sendCommands(client, (redis) => runScript(redis, script, { keys: [keys.batch(id)], args: [json] }));
  };
  const read = async (id: string) =>
    readBatchHash(await sendCommands(client, (redis) => redis.hgetall(keys.batch(id))));
  const addToOpen = (id: string) => sendCommands(client, (redis) => redis.zadd(keys.openBatches, Date.now(), id));
  /** Another process may find meanwhile that the message is due again. So this looks again after it has removed the id. */
  const close = async (id: string) => {
    await sendCommands(client, (redis) => redis.zrem(keys.openBatches, id));
    const batch = await read(id);
    if (batch !== null && (isOpenBatch(batch) || batch.version > batch.notifiedVersion)) await addToOpen(id);
  };

  return {
    read,
    async listOpen() {
      return sendCommands(client, (redis) => redis.zrange(keys.openBatches, 0, '-1'));
    },
    async request({ ttlMs, ...batch }) {
      // The id comes first: the sweep removes an id without a batch, but nothing would find a batch without its id.
      await addToOpen(batch.id);
      const reply = await run(requestScript, batch.id, { fields: initialFields(batch), ttlMs });
      const requested = readBatchHash(flatHashSchema.parse(reply));
      if (requested === null) throw new Error('the requested batch does not exist');
      return requested;
    },
    async resolve({ id, ...step }) {
      const [kind, value] = resolveReply.parse(await run(resolveScript, id, step));
      if (kind === 'unknown') {
        await close(id);
        return { kind };
      }
      if (kind === 'not_requester') return { kind, by: value };
      const batch = readBatchHash(value);
      if (batch === null) return { kind: 'unknown' };
      return { kind, batch };
    },
    async update(batch, change) {
      const { id, version } = batch;
      // As in `request`: nothing would find the messages that are due again.
      if (!isOpenBatch(batch)) await addToOpen(id);
      const fields = Object.fromEntries(Object.entries(change).map(([name, value]) => [name, toField(value)]));
      const kind = z.enum(['written', 'conflict']).parse(await run(updateScript, id, { version, fields }));
      // A sweep that has read the batch before may have removed the id.
      if (kind === 'written' && !isOpenBatch(batch)) await addToOpen(id);
      return { kind };
    },
    async markNotified(id, { version, messages, dialogUses }) {
      const fields = Object.fromEntries(
        Object.entries(messages).map(([channel, message]) => [`${messagePrefix}${channel}`, JSON.stringify(message)]),
      );
      const isComplete = (await run(markNotifiedScript, id, { version, fields, dialogUses })) === 1;
      await (isComplete ? close(id) : addToOpen(id));
    },
    close,
  };
}

const messagePrefix = 'message:';
/** The fields that are plain text. All others are numbers or JSON. The empty string stands for null. */
const textFields = [
  'id',
  'action',
  'by',
  'reason',
  'selection',
  'after',
  'origin',
  'channel',
  'threadTs',
  'state',
  'stoppedBy',
];

function initialFields(batch: Omit<NewBatch, 'ttlMs'>): Record<string, string> {
  const fields = {
    ...batch,
    v: 1,
    state: 'requested',
    resolvedAt: null,
    finishedAt: null,
    version: 1,
    notifiedVersion: 1,
    released: batch.waves === null ? batch.items.length : Math.min(batch.waves.size, batch.items.length),
    started: 0,
    waveFrom: 0,
    waveEndedAt: null,
    stoppedBy: null,
    results: {},
    unclaimed: null,
    catchingUp: null,
    dialog: null,
  };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toField(value)]));
}

function toField(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Returns null if the batch does not exist. Throws if it has another format. */
function readBatchHash(hash: Readonly<Record<string, string>>): Batch | null {
  if (Object.keys(hash).length === 0) return null;
  const fields: Record<string, unknown> = {};
  const messages: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(hash)) {
    if (name.startsWith(messagePrefix)) messages[name.slice(messagePrefix.length)] = JSON.parse(text);
    else if (text === '') fields[name] = null;
    else fields[name] = textFields.includes(name) ? text : JSON.parse(text);
  }
  return batchSchema.parse({ ...fields, messages });
}
