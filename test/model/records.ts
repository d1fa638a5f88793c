import type { Redis } from 'ioredis';
import { passedTimesKey } from './paused-until.ts';

/** A record as it is in Redis. The checks read it without the store that they check. */
export type Fields = Readonly<Record<string, string>>;

/** One entry of a project's audit stream. */
export interface AuditEntry {
  readonly event: string;
  readonly at: number;
  readonly fields: Fields;
}

/** All records of a project. */
export interface ProjectRecords {
  readonly id: string;
  readonly state: Fields;
  readonly audit: readonly AuditEntry[];
  readonly operations: ReadonlyMap<string, Fields>;
  /** Start times of the executions that are still in `:runs`, epoch ms. */
  readonly runs: readonly number[];
}

const executionTimeoutMs = 15 * 60_000;

export async function readRecords(redis: Redis, id: string): Promise<ProjectRecords> {
  const keyPrefix = `syncbot:{p:${id}}`;
  const streams = await Promise.all(
    [`${keyPrefix}:audit`, `${keyPrefix}:refusals`, passedTimesKey(id)].map((key) => redis.xrange(key, '-', '+')),
  );
  const entries = streams.flat().map(([, flat]) => {
    const fields = parseFields(flat);
    return { event: fields['event'] ?? '', at: Number(fields['at']), fields };
  });
  // Refusals of the same millisecond come after the entries that made their version.
  const audit = entries.sort((a, b) => a.at - b.at || Number(a.fields['version']) - Number(b.fields['version']));
  const ids = [
    ...new Set(audit.map(({ fields }) => fields['operation'] ?? '').filter((operationId) => operationId !== '')),
  ];
  const operations = new Map<string, Fields>();
  for (const operationId of ids) operations.set(operationId, await redis.hgetall(`${keyPrefix}:op:${operationId}`));
  const runs = await redis.zrange(`${keyPrefix}:runs`, 0, '-1', 'WITHSCORES');
  return {
    id,
    audit,
    operations,
    state: await redis.hgetall(`${keyPrefix}:state`),
    runs: runs.filter((_text, index) => index % 2 === 1).map((until) => Number(until) - executionTimeoutMs),
  };
}

/** Whether a failed task, and not an operation, made the project Failed. */
export function isTaskFailure({ event, fields }: AuditEntry): boolean {
  return event === 'failed' && fields['operation'] === '';
}

export function parseFields(flat: readonly string[]): Fields {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) fields[flat[index] ?? ''] = flat[index + 1] ?? '';
  return fields;
}

/** The content of a key of any type that syncbot uses. */
export async function readValue(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'stream':
      return redis.xrange(key, '-', '+');
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, '-1');
    case 'none':
      return null;
    default:
      throw new Error(`${key} is a ${type}`);
  }
}
