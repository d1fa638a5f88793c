import type { Redis } from 'ioredis';

/** A record of Redis as it stands there: the checks read it without the store that they check. */
export type Fields = Readonly<Record<string, string>>;

/** One entry of a project's audit stream. */
export interface Entry {
  readonly event: string;
  readonly at: number;
  readonly fields: Fields;
}

/** All that is kept of a project. */
export interface ProjectRecords {
  readonly id: string;
  readonly state: Fields;
  readonly audit: readonly Entry[];
  readonly operations: ReadonlyMap<string, Fields>;
  /** Executions that never left, each with the moment at which it entered. */
  readonly runs: readonly number[];
}

const runForMs = 15 * 60_000;

export async function readRecords(redis: Redis, id: string): Promise<ProjectRecords> {
  const slot = `syncbot:{p:${id}}`;
  const stream = await redis.xrange(`${slot}:audit`, '-', '+');
  const audit = stream.map(([, flat]) => {
    const fields = fieldsOf(flat);
    return { event: fields['event'] ?? '', at: Number(fields['at']), fields };
  });
  const ids = [...new Set(audit.map(({ fields }) => fields['operation'] ?? '').filter((one) => one !== ''))];
  const operations = new Map<string, Fields>();
  for (const one of ids) operations.set(one, await redis.hgetall(`${slot}:op:${one}`));
  const runs = await redis.zrange(`${slot}:runs`, 0, '-1', 'WITHSCORES');
  return {
    id,
    audit,
    operations,
    state: await redis.hgetall(`${slot}:state`),
    runs: runs.filter((_text, index) => index % 2 === 1).map((until) => Number(until) - runForMs),
  };
}

/** Whether a task, and no operation, made the project Failed. */
export function isTaskFailure({ event, fields }: Entry): boolean {
  return event === 'failed' && fields['operation'] === '';
}

export function fieldsOf(flat: readonly string[]): Fields {
  const fields: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) fields[flat[index] ?? ''] = flat[index + 1] ?? '';
  return fields;
}
