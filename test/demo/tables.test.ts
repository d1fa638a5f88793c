import { Queue } from 'bullmq';
import { array, assert, asyncProperty, constant, constantFrom, nat, oneof, record, tuple } from 'fast-check';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { taskId } from '../../demo/link-queue.ts';
import { type LinkWorkerOptions, startLinkWorker } from '../../demo/link-worker.ts';
import { type SourceOptions, startSource } from '../../demo/source.ts';
import {
  applyToTarget,
  type Change,
  changeSource,
  compareTables,
  fixRefusedRows,
  readBoth,
  readColumnLimit,
  setColumnLimit,
  type Table,
} from '../../demo/tables.ts';
import { sharedRedisUrl, startTestRedis, uniqueName } from '../support/test-redis.ts';
import { waitFor } from '../support/wait-for.ts';

const equalTables = { equal: true, missingRows: 0, differentRows: 0 };

function createTable(url = sharedRedisUrl()) {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  const table: Table = { project: uniqueName('payments'), link: uniqueName('link') };
  const put = async (row: string, value: string) => requireChange(await changeSource(redis, table, { row, value }));
  const remove = async (row: string) => requireChange(await changeSource(redis, table, { row, value: null }));
  const compare = async () => (await compareTables(redis, table.project, [table.link]))[0];
  const queue = new Queue(table.link, { connection: redis, skipMetasUpdate: true });
  queue.on('error', () => undefined);
  onTestFinished(async () => {
    await queue.close();
    redis.disconnect();
  });
  const source = (options: Partial<SourceOptions> = {}) => startSource({ url, ...table, ...options });
  const worker = (options: Partial<LinkWorkerOptions> = {}) => startLinkWorker({ url, ...table, ...options });
  return { redis, table, put, remove, compare, queue, source, worker };
}

function requireChange<T>(value: T | null): T {
  if (value === null) throw new Error('the change is missing');
  return value;
}

describe('the target table', () => {
  test('applies the changes of a row in order and once each', async () => {
    const { redis, table, put, compare } = createTable();
    const [one, two] = [await put('1', 'a'), await put('1', 'b')];
    const other = await put('2', 'x');
    expect([one.seq, two.seq, other.seq]).toEqual([1, 2, 1]);

    expect(await applyToTarget(redis, table, two)).toEqual({ kind: 'ahead', currentSeq: 0 });
    expect(await compare()).toEqual({
      link: table.link,
      equal: false,
      rowCount: 2,
      missingRows: 2,
      differentRows: 0,
      missingChanges: 3,
    });
    expect(await applyToTarget(redis, table, one)).toEqual({ kind: 'applied' });
    expect(await applyToTarget(redis, table, one)).toEqual({ kind: 'known' });
    expect(await compare()).toMatchObject({ equal: false, missingRows: 1, differentRows: 1 });
    expect(await applyToTarget(redis, table, two)).toEqual({ kind: 'applied' });
    expect(await applyToTarget(redis, table, one)).toEqual({ kind: 'known' });
    expect(await applyToTarget(redis, table, other)).toEqual({ kind: 'applied' });
    expect(await compare()).toMatchObject({ ...equalTables, rowCount: 2 });
  });

  test('ignores a late repeat of a change to a deleted row, and applies a new insert', async () => {
    const { redis, table, put, remove, compare } = createTable();
    const [insert, removal] = [await put('1', 'a'), await remove('1')];
    expect(await changeSource(redis, table, { row: '1', value: null })).toBeNull();
    expect(await changeSource(redis, table, { row: '2', value: null })).toBeNull();
    expect(await compare()).toMatchObject({
      equal: false,
      rowCount: 0,
      missingRows: 0,
      differentRows: 1,
      missingChanges: 2,
    });
    for (const change of [insert, removal]) await applyToTarget(redis, table, change);
    expect(await applyToTarget(redis, table, insert)).toEqual({ kind: 'known' });
    expect(await compare()).toMatchObject({ ...equalTables, rowCount: 0 });

    const again = await put('1', 'b');
    expect(again.seq).toBe(3);
    expect(await applyToTarget(redis, table, again)).toEqual({ kind: 'applied' });
    expect(await compare()).toMatchObject({ ...equalTables, rowCount: 1 });
  });

  test('refuses a value that is too long for its column until the column is fixed', async () => {
    const { redis, table, put, compare } = createTable();
    expect(await readColumnLimit(redis, table)).toBeNull();
    await setColumnLimit(redis, table, { column: 'amount', width: 4 });
    expect(await readColumnLimit(redis, table)).toEqual({ column: 'amount', width: 4 });
    const longValue = await put('17', '12345.00');
    expect(await fixRefusedRows(redis, table)).toEqual([]);
    expect(await applyToTarget(redis, table, longValue)).toEqual({ kind: 'too_long', column: 'amount', width: 4 });
    expect(await compare()).toMatchObject({ equal: false, missingRows: 1 });
    expect(await fixRefusedRows(redis, table)).toEqual(['17']);
    expect(await readColumnLimit(redis, table)).toEqual({ column: 'amount', width: 8 });
    expect(await fixRefusedRows(redis, table)).toEqual([]);
    expect(await applyToTarget(redis, table, longValue)).toEqual({ kind: 'applied' });
    expect(await compare()).toMatchObject(equalTables);
  });

  test('counts a row that the source does not have as different', async () => {
    const { redis, table, compare } = createTable();
    await applyToTarget(redis, table, { row: 'ghost', seq: 1, value: 'x' });
    expect(await compare()).toEqual({
      link: table.link,
      equal: false,
      rowCount: 0,
      missingRows: 0,
      differentRows: 1,
      missingChanges: 0,
    });
  });

  test('equals the source after all changes are delivered in order, whatever was delivered before', async () => {
    const { redis, project } = { redis: createTable().redis, project: uniqueName('orders') };
    const write = record({
      row: constantFrom('1', '2', '3'),
      value: oneof(constant(null), constantFrom('a', 'b', '')),
    });
    const scenario = tuple(array(write, { minLength: 1, maxLength: 12 }), array(nat(), { maxLength: 30 }));
    await assert(
      asyncProperty(scenario, async ([writes, deliveries]) => {
        const table = { project, link: uniqueName('link') };
        const changes: Change[] = [];
        for (const one of writes)
          changes.push(...[await changeSource(redis, table, one)].filter((made) => made !== null));
        const deliver = async (change: Change) => {
          const before = (await readBoth(redis, table)).target.get(change.row)?.seq ?? 0;
          const { kind } = await applyToTarget(redis, table, change);
          const after = (await readBoth(redis, table)).target.get(change.row);
          // The target has only records that the source had, and advances by one change at a time.
          expect(kind).toBe(change.seq <= before ? 'known' : change.seq === before + 1 ? 'applied' : 'ahead');
          expect(after?.seq ?? 0).toBe(kind === 'applied' ? before + 1 : before);
          if (after) expect(changes).toContainEqual({ row: change.row, ...after });
        };
        for (const index of deliveries) {
          const change = changes[index % changes.length];
          if (change) await deliver(change);
        }
        for (const change of changes) await deliver(change);
        expect((await compareTables(redis, project, [table.link]))[0]).toMatchObject(equalTables);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a link', () => {
  test('transfers a burst of changes without failures while concurrent tasks overtake each other', async () => {
    const { compare, queue, source, worker } = createTable();
    await using orders = await source({ rowCount: 3 });
    await using _one = await worker({ taskDurationMs: 1 });
    await using _two = await worker({ taskDurationMs: 2 });
    const changes = await orders.burst(300);
    expect(changes).toHaveLength(300);
    expect(new Set(changes.map((change) => ('value' in change ? 'put' : 'delete')))).toEqual(
      new Set(['put', 'delete']),
    );
    const isDone = async () => {
      const { waiting, active } = await queue.getJobCounts('waiting', 'active');
      return waiting === 0 && active === 0;
    };
    await waitFor(isDone, { description: 'the end of all tasks' });
    expect(await queue.getFailedCount()).toBe(0);
    expect(await queue.getCompletedCount()).toBe(50);
    expect((await compare())?.equal).toBe(true);
  });

  test('queues the changes of concurrent bursts in the order of the table', async () => {
    const { queue, source } = createTable();
    await using orders = await source({ rowCount: 2 });
    const [changes] = await Promise.all([orders.burst(40), orders.burst(40)]);
    const tasks = (await queue.getWaiting()).map((task) => task.data as Change);
    expect(tasks).toHaveLength(80);
    const next = new Map<string, number>();
    for (const { row, seq } of tasks) {
      expect(seq).toBe((next.get(row) ?? 0) + 1);
      next.set(row, seq);
    }
    const ids = (await queue.getWaiting()).map((task) => task.id);
    expect(ids).toEqual(expect.arrayContaining(changes.map(taskId)));
  });

  test('makes automatic changes until it is stopped', async () => {
    const { compare, queue, source, worker } = createTable();
    const orders = await source({ changeIntervalMs: 1 });
    await waitFor(async () => (await queue.getWaitingCount()) >= 5, { description: 'five changes' });
    await Promise.all([orders.stop(), orders.stop()]);
    await using _ = await worker();
    await waitFor(async () => (await compare())?.equal, { description: 'the target to catch up' });
  });

  test('makes no automatic changes while maxWaiting tasks wait', async () => {
    await using redis = await startTestRedis();
    const { redis: mine, queue, source } = createTable(redis.url);
    const waiting = () => mine.llen(`bull:${queue.name}:wait`);
    const scriptCalls = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await mine.info('commandstats'))?.[1]);
    await using _orders = await source({ changeIntervalMs: 1, maxWaiting: 3 });
    await waitFor(async () => (await waiting()) === 3, { description: 'three changes' });
    const before = await scriptCalls();
    await waitFor(async () => (await scriptCalls()) > before + 10, { description: 'ten more checks of the queue' });
    expect(await waiting()).toBe(3);
  });

  test('fails a refused row and its later changes for good, and retries them in order after the fix', async () => {
    const { redis, table, compare, queue, source, worker } = createTable();
    await setColumnLimit(redis, table, { column: 'amount', width: 12 });
    await using payments = await source();
    await using _ = await worker();
    await payments.change('17', '1.00');
    await payments.breakRow('17');
    await payments.change('17', '2.00');
    await payments.change('18', '3.00');
    await waitFor(async () => (await queue.getFailedCount()) === 2 && (await queue.getCompletedCount()) === 2);
    const failed = (await queue.getFailed()).sort((a, b) => (a.id ?? '').localeCompare(b.id ?? ''));
    expect(failed.map((task) => [task.id, task.failedReason, task.attemptsMade])).toEqual([
      ['row-17-2', 'row 17: value too long for column amount (12)', 1],
      ['row-17-3', 'row 17: change 3 came too early, the target is at change 1', 1],
    ]);
    expect(await compare()).toMatchObject({ equal: false, rowCount: 2, missingRows: 0, differentRows: 1 });

    expect(await fixRefusedRows(redis, table)).toEqual(['17']);
    await queue.pause();
    for (const task of failed) await task.retry('failed');
    await queue.resume();
    await waitFor(async () => (await compare())?.equal, { description: 'the target to catch up' });
    expect(await queue.getFailedCount()).toBe(0);
  });

  test('fails a task without a change, and a change that comes too early for an empty target', async () => {
    const { queue, worker } = createTable();
    await using _ = await worker();
    await queue.add('change', { row: '1', seq: 2, value: 'b' });
    await queue.add('change', { nonsense: true });
    await waitFor(async () => (await queue.getFailedCount()) === 2);
    const reasons = (await queue.getFailed()).map((task) => task.failedReason);
    expect(reasons).toContain('row 1: change 2 came too early, the target has no change of it');
  });

  test('closes all connections, even if Redis ended first', async () => {
    await using redis = await startTestRedis();
    const { redis: mine, source, worker } = createTable(redis.url);
    const clients = async () => Number(/connected_clients:(\d+)/.exec(await mine.info('clients'))?.[1]);
    const before = await clients();
    {
      await using orders = await source({ changeIntervalMs: 1 });
      await using _ = await worker();
      await orders.burst(10);
      expect(await clients()).toBeGreaterThan(before);
    }
    await waitFor(async () => (await clients()) === before, { description: 'the connections to be closed' });

    const [orders, link] = [await source({ changeIntervalMs: 1 }), await worker({ taskDurationMs: 1 })];
    await orders.burst(50);
    redis.kill('SIGKILL');
    await redis.exited;
    await Promise.all([orders.stop(), link.stop()]);
  });
});
