import { z } from 'zod';
import type { LinkWithWatermark, PutBack } from '../../application/ports.ts';
import { run, script } from '../redis/call.ts';
import { chunksOf, type LinkConnection, linkBase, within } from './link-connections.ts';

/** KEYS: `failed`. ARGV: 1 the first part of the link's keys, 2 the watermark's moment, 3 its task ids, 4 offset, 5 how many. */
const listScript = script(`
local base, at, offset, size = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local known, tasks = {}, {}
for _, id in ipairs(cjson.decode(ARGV[3])) do known[id] = true end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], at, '+inf', 'WITHSCORES', 'LIMIT', offset, size)
for i = 1, #found, 2 do
  local id, score = found[i], found[i + 1]
  if not (known[id] and score == at) then
    local seen = redis.call('HMGET', base .. id, 'timestamp', 'opts')
    local read, opts = pcall(cjson.decode, seen[2] or '')
    local delay = read and type(opts) == 'table' and tonumber(opts.delay) or 0
    tasks[#tasks + 1] = { id, score, string.format('%.0f', (tonumber(seen[1]) or 0) + delay) }
  end
end
return { #found / 2, tasks }
`);

/**
 * Puts failed tasks back to be taken next, as BullMQ's own retry does (reprocessJob), but only while the link's pause flag
 * is set. KEYS: meta, failed, wait, prioritized, events, pc. ARGV: 1 the first part of the link's keys, then for each task
 * its id, where it belongs (tail, after, before) and beside which task. The tail of `wait` is taken first.
 */
const putBackScript = script(`
local metaKey, failedKey, waitKey, prioritizedKey, eventsKey, counterKey = unpack(KEYS)
local base = ARGV[1]
if redis.call('HEXISTS', metaKey, 'paused') == 0 then return { 0, 0 } end
local maxEvents = redis.call('HGET', metaKey, 'opts.maxLenEvents') or 10000
local moved = 0

local function intoWait(id, where, beside)
  if where == 'tail' or redis.call('LINSERT', waitKey, where, beside, id) < 1 then redis.call('RPUSH', waitKey, id) end
end

local function intoPrioritized(id, priority)
  local band = priority * 4294967296
  local first = redis.call('ZRANGEBYSCORE', prioritizedKey, string.format('%.0f', band),
    string.format('%.0f', band + 4294967295), 'WITHSCORES', 'LIMIT', 0, 1)
  local score = first[2] and tonumber(first[2]) - 1 or band + redis.call('INCR', counterKey) % 4294967296
  redis.call('ZADD', prioritizedKey, string.format('%.0f', score), id)
end

local function backToParent(jobKey)
  local parent = redis.call('HGET', jobKey, 'parentKey')
  if parent and redis.call('EXISTS', parent) == 1 and (redis.call('ZREM', parent .. ':unsuccessful', jobKey) == 1
    or redis.call('HDEL', parent .. ':failed', jobKey) == 1) then
    redis.call('SADD', parent .. ':dependencies', jobKey)
  end
end

for i = 2, #ARGV, 3 do
  local id = ARGV[i]
  local jobKey = base .. id
  if redis.call('EXISTS', jobKey) == 1 and redis.call('ZREM', failedKey, id) == 1 then
    redis.call('HDEL', jobKey, 'finishedOn', 'processedOn', 'failedReason', 'atm', 'ats', 'stc')
    local priority = tonumber(redis.call('HGET', jobKey, 'priority')) or 0
    if priority == 0 then intoWait(id, ARGV[i + 1], ARGV[i + 2]) else intoPrioritized(id, priority) end
    backToParent(jobKey)
    redis.call('XADD', eventsKey, 'MAXLEN', '~', maxEvents, '*', 'event', 'waiting', 'jobId', id, 'prev', 'failed')
    moved = moved + 1
  end
end
return { 1, moved }
`);

const listReply = z.tuple([z.number(), z.array(z.tuple([z.string(), z.coerce.number(), z.coerce.number()]))]);
const putBackReply = z.tuple([z.number(), z.number()]);

const listedAtOnce = 500;
const putBackAtOnce = 100;
const stepWithinMs = 10_000;
/** Tasks in flight may fail while others are put back; after so many rounds what still fails is a new failure. */
const maxRounds = 5;

interface FailedTask {
  readonly id: string;
  readonly failedAt: number;
  /** When it first became runnable: what makes a task older than another. */
  readonly since: number;
}

/**
 * Puts every task of one link that failed after the watermark back before newer ones, oldest first. The newest go first,
 * each to the tail, so that a crash in between leaves the order right for whoever goes on.
 */
export async function putBackLink(connection: LinkConnection, item: LinkWithWatermark): Promise<PutBack> {
  const done: FailedTask[] = [];
  for (let round = 0; round < maxRounds; round++) {
    const failed = await within(listFailed(connection, item), stepWithinMs);
    if (failed === undefined) return { kind: 'unreachable', tasks: done.length };
    const before = done.length;
    for (const chunk of chunksOf(failed.sort(byAge).reverse(), putBackAtOnce)) {
      const reply = await within(putBackChunk(connection, { item, chunk, done }), stepWithinMs);
      if (reply === undefined) return { kind: 'unreachable', tasks: done.length };
      const [paused, moved] = reply;
      if (paused === 0) return { kind: 'stopped', tasks: done.length };
      if (moved > 0) done.push(...chunk);
    }
    if (done.length === before) break;
  }
  return { kind: 'put_back', tasks: done.length };
}

async function listFailed({ client }: LinkConnection, { link, watermark }: LinkWithWatermark): Promise<FailedTask[]> {
  const base = linkBase(link);
  const tasks: FailedTask[] = [];
  for (let offset = 0; ; offset += listedAtOnce) {
    const args = [base, watermark.at, JSON.stringify(watermark.taskIds), offset, listedAtOnce];
    const [found, listed] = listReply.parse(await run(client, listScript, { keys: [`${base}failed`], args }));
    tasks.push(...listed.map(([id, failedAt, since]) => ({ id, failedAt, since })));
    if (found < listedAtOnce) return tasks;
  }
}

async function putBackChunk(
  { client }: LinkConnection,
  { item, chunk, done }: { item: LinkWithWatermark; chunk: readonly FailedTask[]; done: readonly FailedTask[] },
) {
  const base = linkBase(item.link);
  const keys = ['meta', 'failed', 'wait', 'prioritized', 'events', 'pc'].map((name) => `${base}${name}`);
  const earlier = [...done].sort(byAge);
  const args = [base, ...chunk.flatMap((task) => [task.id, ...placeOf(task, earlier)])];
  return putBackReply.parse(await run(client, putBackScript, { keys, args }));
}

/** Beside which of the tasks that were put back in earlier rounds this one belongs; the tail is taken first. */
function placeOf(task: FailedTask, earlier: readonly FailedTask[]): readonly [string, string] {
  const newer = earlier.find((other) => byAge(other, task) > 0);
  if (newer !== undefined && newer === earlier[0]) return ['tail', ''];
  if (newer !== undefined) return ['AFTER', newer.id];
  const newest = earlier.at(-1);
  return newest === undefined ? ['tail', ''] : ['BEFORE', newest.id];
}

/** Oldest first. BullMQ counts its ids up, so within one millisecond the smaller number is the older task. */
function byAge(a: FailedTask, b: FailedTask): number {
  if (a.since !== b.since) return a.since - b.since;
  const bothCounted = /^\d+$/.test(a.id) && /^\d+$/.test(b.id);
  return bothCounted ? Number(a.id) - Number(b.id) : a.failedAt - b.failedAt;
}
