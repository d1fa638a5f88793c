import type { Redis } from 'ioredis';
import { z } from 'zod';

/** The source and the target table of one link: two Redis hashes, row id → record. */
export interface Table {
  readonly project: string;
  /** The name of the link's queue. */
  readonly link: string;
}

/** A deleted row keeps its `seq`, so that a late or repeated change is recognized. */
const recordSchema = z.union([
  z.object({ seq: z.int().positive(), value: z.string() }),
  z.object({ seq: z.int().positive(), deleted: z.literal(true) }),
]);
export type TableRecord = Readonly<z.infer<typeof recordSchema>>;

/** The data of a task: the new content of a row. `seq` counts the changes of that row from 1. */
export const changeSchema = z.intersection(z.object({ row: z.string().min(1) }), recordSchema);
export type Change = Readonly<z.infer<typeof changeSchema>>;

export type ApplyChangeResult =
  | { readonly kind: 'applied' }
  /** The target already has this change or a later one. Nothing was changed. */
  | { readonly kind: 'known' }
  /** The target does not have the previous change yet. Nothing was changed. */
  | { readonly kind: 'ahead'; readonly currentSeq: number }
  | { readonly kind: 'too_long'; readonly column: string; readonly width: number };

export interface ColumnLimit {
  readonly column: string;
  readonly width: number;
}

const tableKey = ({ project, link }: Table, part: 'source' | 'target' | 'column' | 'refused') =>
  `demo:${project}:${link}:${part}`;

const changeSourceScript = `
local found = redis.call('HGET', KEYS[1], ARGV[1])
local current = found and cjson.decode(found) or { seq = 0, deleted = true }
local record = { seq = current.seq + 1 }
if ARGV[2] == 'put' then record.value = ARGV[3]
elseif current.deleted then return 0
else record.deleted = true end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(record))
return record.seq`;

const applyScript = `
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

const fixScript = `
local needed = tonumber(redis.call('HGET', KEYS[1], 'width') or 0)
for _, length in ipairs(redis.call('HVALS', KEYS[2])) do needed = math.max(needed, tonumber(length)) end
local rows = redis.call('HKEYS', KEYS[2])
if #rows > 0 then redis.call('HSET', KEYS[1], 'width', needed) end
redis.call('DEL', KEYS[2])
return rows`;

const readBothScript = `return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }`;

/** Sets the value of a row of the source, or deletes the row if `value` is null. Returns null if there was no row to delete. */
export async function changeSource(
  redis: Redis,
  table: Table,
  { row, value }: { readonly row: string; readonly value: string | null },
): Promise<Change | null> {
  const args = value === null ? ['delete'] : ['put', value];
  const seq = z.int().parse(await redis.eval(changeSourceScript, 1, tableKey(table, 'source'), row, ...args));
  if (seq === 0) return null;
  return value === null ? { row, seq, deleted: true } : { row, seq, value };
}

const applyReplySchema = z.tuple([z.enum(['applied', 'known', 'ahead', 'too_long']), z.int()], z.string());

/** Applies a change to the target in one atomic step: change n only after change n−1, and each change once. */
export async function applyToTarget(redis: Redis, table: Table, change: Change): Promise<ApplyChangeResult> {
  const { row, ...record } = change;
  const keys = [tableKey(table, 'target'), tableKey(table, 'column'), tableKey(table, 'refused')];
  const reply = await redis.eval(applyScript, keys.length, ...keys, row, JSON.stringify(record));
  const [kind, number, column = 'value'] = applyReplySchema.parse(reply);
  if (kind === 'ahead') return { kind, currentSeq: number };
  return kind === 'too_long' ? { kind, column, width: number } : { kind };
}

/** The target refuses longer values from now on. Without a limit it accepts every value. */
export async function setColumnLimit(redis: Redis, table: Table, { column, width }: ColumnLimit): Promise<void> {
  await redis.hset(tableKey(table, 'column'), { column, width });
}

export async function readColumnLimit(redis: Redis, table: Table): Promise<ColumnLimit | null> {
  const { column, width } = await redis.hgetall(tableKey(table, 'column'));
  return column === undefined || width === undefined ? null : { column, width: Number(width) };
}

/** Makes the column wide enough for all refused rows. Returns these rows. */
export async function fixRefusedRows(redis: Redis, table: Table): Promise<string[]> {
  const reply = await redis.eval(fixScript, 2, tableKey(table, 'column'), tableKey(table, 'refused'));
  return z.array(z.string()).parse(reply);
}

export interface Comparison {
  readonly link: string;
  /** The target has exactly the rows of the source, each at the same change. */
  readonly equal: boolean;
  /** The number of rows in the source. */
  readonly rowCount: number;
  /** Rows that the target does not have yet. */
  readonly missingRows: number;
  /** Rows with another change in the target, including deletes that are not applied yet. */
  readonly differentRows: number;
  /** Changes that the target does not have yet. */
  readonly missingChanges: number;
}

/** Compares each link's target with its source. Both are read in one atomic step. */
export async function compareTables(redis: Redis, project: string, links: readonly string[]): Promise<Comparison[]> {
  return Promise.all(
    links.map(async (link) => {
      const { source, target } = await readBoth(redis, { project, link });
      const differing = [...source].filter(([row, record]) => !isSameRecord(record, target.get(row)));
      const missingRows = differing.filter(
        ([row, record]) => 'value' in record && !('value' in (target.get(row) ?? {})),
      );
      const extraRowCount = [...target.keys()].filter((row) => !source.has(row)).length;
      const rowCount = [...source.values()].filter((record) => 'value' in record).length;
      const differentRows = differing.length - missingRows.length + extraRowCount;
      const missingChanges = differing.reduce(
        (sum, [row, { seq }]) => sum + Math.max(0, seq - (target.get(row)?.seq ?? 0)),
        0,
      );
      return {
        link,
        equal: differing.length + extraRowCount === 0,
        rowCount,
        missingRows: missingRows.length,
        differentRows,
        missingChanges,
      };
    }),
  );
}

export type TableContent = ReadonlyMap<string, TableRecord>;

export async function readBoth(redis: Redis, table: Table): Promise<{ source: TableContent; target: TableContent }> {
  const reply = await redis.eval(readBothScript, 2, tableKey(table, 'source'), tableKey(table, 'target'));
  const [source, target] = z.tuple([z.array(z.string()), z.array(z.string())]).parse(reply);
  return { source: parseTable(source), target: parseTable(target) };
}

function parseTable(fields: readonly string[]): TableContent {
  const rows = new Map<string, TableRecord>();
  for (let i = 0; i < fields.length; i += 2) {
    rows.set(fields[i] ?? '', recordSchema.parse(JSON.parse(fields[i + 1] ?? '')));
  }
  return rows;
}

function isSameRecord(one: TableRecord, other: TableRecord | undefined): boolean {
  if (one.seq !== other?.seq) return false;
  return 'value' in one ? 'value' in other && one.value === other.value : 'deleted' in other;
}
