import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditDelivery, AuditNotDeliveredError } from '../../src/application/deliver-audit.ts';
import { RetryLaterError } from '../../src/application/errors.ts';
import type { ProjectEntry } from '../../src/application/read-audit.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { parseScrape } from '../metrics/scrape.ts';
import { keys } from '../support/keys.ts';
import { startTestServices, type TestServices } from '../support/test-services.ts';

const settledMs = 10_000;

let services: TestServices;
/** When the webhook was switched on, epoch ms. No entry of the fixture is that late. */
let start: number;
beforeEach(async () => {
  services = await startTestServices();
  await services.createProject('orders', [await services.createLink('orders-full')]);
  await services.createProject('users', [await services.createLink('users-full')]);
  start = Math.ceil(await services.context.serverClock.now()) + 60_000;
});
afterEach(() => services[Symbol.asyncDispose]());

/** Writes an entry to the audit log at this time. */
async function happen(project: string, at: number, reason: string): Promise<void> {
  await services.redis.xadd(
    keys.project(project).audit,
    `${at}-*`,
    'event',
    'changed',
    'by',
    'U0ALICE',
    'reason',
    reason,
  );
}

interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** A receiver that accepts requests while `isUp` returns true, and deliveries to it. Each delivery is another bot. */
function createReceiver(isUp: () => boolean) {
  const requests: (string | null)[][] = [];
  const logLines: LogLine[] = [];
  const logAt = (level: string) => (_fields: object, message: string) => void logLines.push({ level, message });
  const metrics = createMetrics({ observeEveryMs: () => 5_000 });
  const createDelivery = () => {
    const log = { ...services.context.log, info: logAt('info'), warn: logAt('warn') };
    const clockAt = { now: 0 };
    const context = { ...services.context, log, serverClock: { now: async () => clockAt.now } };
    const send = async (entries: readonly ProjectEntry[]) => {
      if (!isUp()) throw new AuditNotDeliveredError(503);
      requests.push(entries.map(({ entry }) => entry.reason));
    };
    const delivery = new AuditDelivery(context, send, metrics.auditDelivery);
    return {
      async runAt(now: number): Promise<number | null> {
        clockAt.now = now;
        return delivery.run().then(
          () => null,
          (error: unknown) => {
            if (error instanceof RetryLaterError) return error.delayMs;
            throw error;
          },
        );
      },
    };
  };
  return { requests, logLines, createDelivery, scrape: async () => parseScrape(await metrics.render()) };
}

describe('the delivery of the audit log', () => {
  it('begins with the time at which it is switched on, and sends each entry once, oldest first', async () => {
    const { requests, createDelivery } = createReceiver(() => true);
    const delivery = createDelivery();
    await happen('orders', start - 1, 'before');
    expect(await delivery.runAt(start)).toBeNull();
    await happen('orders', start + 2, 'second');
    await happen('users', start + 1, 'first');
    expect(await delivery.runAt(start + settledMs)).toBeNull();
    expect(await delivery.runAt(start + settledMs)).toBeNull();
    await happen('users', start + 3, 'third');
    expect(await createDelivery().runAt(start + settledMs)).toBeNull();
    expect(requests).toEqual([['first', 'second'], ['third']]);
  });

  it('leaves entries of the last seconds to the next time', async () => {
    const { requests, createDelivery } = createReceiver(() => true);
    const delivery = createDelivery();
    await delivery.runAt(start);
    await happen('orders', start + 4_000, 'late');
    await delivery.runAt(start + 5_000);
    expect(requests).toEqual([]);
    await happen('users', start + 3_000, 'by a clock that is behind');
    await delivery.runAt(start + settledMs);
    expect(requests).toEqual([['by a clock that is behind', 'late']]);
  });

  it('sends the entries of a removed project', async () => {
    const { requests, createDelivery } = createReceiver(() => true);
    const delivery = createDelivery();
    await delivery.runAt(start);
    await happen('users', start + 1, 'last');
    const project = await services.context.projects.read('users');
    await services.context.projects.remove('users', project?.version ?? 0, 'cli:test');
    await delivery.runAt(start + settledMs);
    // The last one is its removal, which has no reason.
    expect(requests).toEqual([['last', null]]);
  });

  it('keeps what the receiver refuses, waits longer each time, and logs one line at the start and one at the end', async () => {
    let isUp = false;
    const { requests, logLines, createDelivery } = createReceiver(() => isUp);
    const delivery = createDelivery();
    await delivery.runAt(start);
    await happen('orders', start + 1, 'kept');
    const delays = [];
    for (let attempt = 0; attempt < 9; attempt++) delays.push(await delivery.runAt(start + settledMs));
    expect(delays.slice(0, 3)).toEqual([5_000, 10_000, 20_000]);
    expect(delays.at(-1)).toBe(600_000);
    isUp = true;
    expect(await delivery.runAt(start + settledMs)).toBeNull();
    expect(requests).toEqual([['kept']]);
    expect(logLines).toEqual([
      { level: 'warn', message: 'audit webhook failed, entries are kept and sent later' },
      { level: 'info', message: 'audit webhook recovered' },
    ]);
  });

  it('knows of the failures of another bot: it waits longer too, and logs the end of the outage', async () => {
    let isUp = false;
    const { logLines, createDelivery } = createReceiver(() => isUp);
    await createDelivery().runAt(start);
    await happen('orders', start + 1, 'kept');
    for (const delay of [5_000, 10_000, 20_000]) expect(await createDelivery().runAt(start + settledMs)).toBe(delay);
    isUp = true;
    await createDelivery().runAt(start + settledMs);
    await happen('orders', start + 2, 'next');
    await createDelivery().runAt(start + settledMs);
    expect(logLines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('exports how many entries it sent, its failures, and the time up to which the receiver has everything', async () => {
    let isUp = true;
    const { createDelivery, scrape } = createReceiver(() => isUp);
    const read = async () => {
      const { value } = await scrape();
      const [until, entries, failures] = ['delivered_timestamp_seconds', 'entries_total', 'failures_total'].map(
        (name) => value(`syncbot_audit_webhook_${name}`),
      );
      return { until: until === null || until === undefined ? null : until * 1_000 - start, entries, failures };
    };
    expect(await read()).toEqual({ until: null, entries: 0, failures: 0 });
    const delivery = createDelivery();
    await delivery.runAt(start);
    expect(await read()).toEqual({ until: 0, entries: 0, failures: 0 });
    await happen('orders', start + 1_000, 'first');
    await happen('users', start + 2_000, 'second');
    await delivery.runAt(start + 20_000);
    expect(await read()).toEqual({ until: 15_000, entries: 2, failures: 0 });
    isUp = false;
    await happen('users', start + 40_000, 'third');
    for (const at of [60_000, 90_000]) await delivery.runAt(start + at);
    expect(await read()).toEqual({ until: 40_000, entries: 2, failures: 2 });
    isUp = true;
    await delivery.runAt(start + 120_000);
    expect(await read()).toEqual({ until: 115_000, entries: 3, failures: 2 });
  });

  it('sends every entry at least once and in order, in requests of about 200, over failures and bots that end', async () => {
    const entry = fc.record({
      project: fc.constantFrom('orders', 'users'),
      afterMs: fc.nat({ max: 3 }),
      count: fc.nat({ max: 120 }),
    });
    const failures = fc.array(fc.boolean(), { maxLength: 8 });
    let from = start;
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), failures, async (entries, refusals) => {
        const answers = [...refusals];
        const { requests, createDelivery } = createReceiver(() => answers.shift() !== true);
        await services.redis.del(keys.auditDelivery);
        from += 20_000;
        await createDelivery().runAt(from);
        const happened: string[] = [];
        let at = from;
        for (const { project, afterMs, count } of entries) {
          at += afterMs;
          for (let index = 0; index < count; index++) {
            happened.push(`${happened.length}`);
            await happen(project, at, happened.at(-1) ?? '');
          }
        }
        for (let attempt = 0; attempt <= refusals.length; attempt++) await createDelivery().runAt(at + settledMs);
        const sent = requests.flat();
        expect([...sent].sort()).toEqual([...happened].sort());
        for (const request of requests.slice(0, -1)) expect(request.length).toBeGreaterThanOrEqual(200);
      }),
      { numRuns: 8 },
    );
  });
});
