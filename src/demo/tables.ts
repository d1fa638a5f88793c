import type { Redis } from 'ioredis';
import { z } from 'zod';

/** The table of one link, at both ends: two Redis hashes of the demo, row id → record. */
export interface Table {
  readonly project: string;
  /** The link's queue. */
  readonly link: string;
}

/** A deleted row leaves its number behind, so that a late or repeated change is known for what it is. */
const recordSchema = z.union([
  z.object({ seq: z.int().positive(), value: z.string() }),
  z.object({ seq: z.int().positive(), deleted: z.literal(true) }),
]);
export type TableRecord = Readonly<z.infer<typeof recordSchema>>;

/** What a task carries: what became of a row. `seq` counts the changes of that row from 1. */
export const changeSchema = z.intersection(z.object({ row: z.string().min(1) }), recordSchema);
export type Change = Readonly<z.infer<typeof changeSchema>>;

export type Applied =
  | { readonly kind: 'applied' }
  /** The target has this change or a later one already: nothing was done. */
  | { readonly kind: 'known' }
  /** The change before this one is not there yet: nothing was done. */
  | { readonly kind: 'ahead'; readonly current: number }
  | { readonly kind: 'too_long'; readonly column: string; readonly width: number };

export interface Column {
  readonly column: string;
  readonly width: number;
}

const key = ({ project, link }: Table, part: 'source' | 'target' | 'column' | 'refused') =>
  `demo:${project}:${link}:${part}`;

const CHANGE_SOURCE = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
local current = found and cjson.decode(found) or { seq = 0, deleted = true }
local record = { seq = current.seq + 1 }
if ARGV[2] == 'put' then record.value = ARGV[3]
elseif current.deleted then return 0
else record.deleted = true end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(record))
return record.seq`;

const APPLY = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
local current = found and cjson.decode(found).seq or 0
local record = cjson.decode(ARGV[2])
if record.seq <= current then return { 'known', current } end
if record.seq > current + 1 then return { 'ahead', current } end
local width = tonumber(redis.call('HGET', KEYS[2], 'width'))
if width and record.value and #record.value > width then
  redis.call('HSET', KEYS[3], ARGV[1], #record.value)
  return { 'too_long', width, redis.call('HGET', KEYS[2], 'column') }
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HDEL', KEYS[3], ARGV[1])
return { 'applied', record.seq }`;

const FIX = `
local needed = tonumber(redis.call('HGET', KEYS[1], 'width') or 0)
for _, length in ipairs(redis.call('HVALS', KEYS[2])) do needed = math.max(needed, tonumber(length)) end
local rows = redis.call('HKEYS', KEYS[2])
if #rows > 0 then redis.call('HSET', KEYS[1], 'width', needed) end
redis.call('DEL', KEYS[2])
return rows`;

const READ_BOTH = `return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }`;

/** Puts a value into a row of the source, or deletes the row (`null`). Null: there was nothing to delete. */
export async function changeSource(
  redis: Redis,
  table: Table,
  { row, value }: { readonly row: string; readonly value: string | null },
): Promise<Change | null> {
  const args = value === null ? ['delete'] : ['put', value];
  const seq = z.int().parse(await redis.eval(CHANGE_SOURCE, 1, key(table, 'source'), row, ...args));
  if (seq === 0) return null;
  return value === null ? { row, seq, deleted: true } : { row, seq, value };
}

const appliedSchema = z.tuple([z.enum(['applied', 'known', 'ahead', 'too_long']), z.int()], z.string());

/** Applies a change to the target: change n only after n−1, each once. One atomic step. */
export async function applyToTarget(redis: Redis, table: Table, change: Change): Promise<Applied> {
  const { row, ...record } = change;
  const keys = [key(table, 'target'), key(table, 'column'), key(table, 'refused')];
  const answer = await redis.eval(APPLY, keys.length, ...keys, row, JSON.stringify(record));
  const [kind, number, column = 'value'] = appliedSchema.parse(answer);
  if (kind === 'ahead') return { kind, current: number };
  return kind === 'too_long' ? { kind, column, width: number } : { kind };
}

/** From now on the target refuses longer values; without a limit it takes everything. */
export async function limitColumn(redis: Redis, table: Table, { column, width }: Column): Promise<void> {
  await redis.hset(key(table, 'column'), { column, width });
}

export async function readLimit(redis: Redis, table: Table): Promise<Column | null> {
  const { column, width } = await redis.hgetall(key(table, 'column'));
  return column === undefined || width === undefined ? null : { column, width: Number(width) };
}

/** Mends what the target refused, by making its column wide enough. The rows that fit now; none: nothing to mend. */
export async function fixRefusedRows(redis: Redis, table: Table): Promise<string[]> {
  const answer = await redis.eval(FIX, 2, key(table, 'column'), key(table, 'refused'));
  return z.array(z.string()).parse(answer);
}

export interface Comparison {
  readonly link: string;
  /** Every row of the source is in the target, at the same change, and no other. */
  readonly equal: boolean;
  /** Rows in the source. */
  readonly rows: number;
  /** Rows which the target does not have yet. */
  readonly missing: number;
  /** Rows where the target is at another change, counting deletes that it has not seen. */
  readonly different: number;
  /** Changes which the target does not have yet. */
  readonly behind: number;
}

/** Each link's target against its source, both read in the same moment. */
export async function compareTables(redis: Redis, project: string, links: readonly string[]): Promise<Comparison[]> {
  return Promise.all(
    links.map(async (link) => {
      const { source, target } = await readBoth(redis, { project, link });
      const differing = [...source].filter(([row, record]) => !isSame(record, target.get(row)));
      const missing = differing.filter(([row, record]) => 'value' in record && !('value' in (target.get(row) ?? {})));
      const unknown = [...target.keys()].filter((row) => !source.has(row)).length;
      const rows = [...source.values()].filter((record) => 'value' in record).length;
      const different = differing.length - missing.length + unknown;
      const behind = differing.reduce((sum, [row, { seq }]) => sum + Math.max(0, seq - (target.get(row)?.seq ?? 0)), 0);
      return { link, equal: differing.length + unknown === 0, rows, missing: missing.length, different, behind };
    }),
  );
}

export type TableContent = ReadonlyMap<string, TableRecord>;

export async function readBoth(redis: Redis, table: Table): Promise<{ source: TableContent; target: TableContent }> {
  const answer = await redis.eval(READ_BOTH, 2, key(table, 'source'), key(table, 'target'));
  const [source, target] = z.tuple([z.array(z.string()), z.array(z.string())]).parse(answer);
  return { source: content(source), target: content(target) };
}

function content(fields: readonly string[]): TableContent {
  const rows = new Map<string, TableRecord>();
  for (let i = 0; i < fields.length; i += 2) {
    rows.set(fields[i] ?? '', recordSchema.parse(JSON.parse(fields[i + 1] ?? '')));
  }
  return rows;
}

function isSame(one: TableRecord, other: TableRecord | undefined): boolean {
  if (one.seq !== other?.seq) return false;
  return 'value' in one ? 'value' in other && one.value === other.value : 'deleted' in other;
}
