import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ProjectEntry, readAudit } from '../../src/application/read-audit.ts';
import type { AuditLog, AuditOrder } from '../../src/application/stores.ts';
import { compareEntryIds, type HistoryEntry, historyEntrySchema } from '../../src/domain/history.ts';

const now = 1_000_000;
const orders: readonly AuditOrder[] = ['oldest_first', 'newest_first'];

const template = historyEntrySchema.parse({ id: '1-0', at: 1, event: 'changed' });
const entryAt = (ms: number, sequence = 0): HistoryEntry => ({ ...template, id: `${ms}-${sequence}`, at: ms });

/** An audit log with the entries of each project, oldest first. Counts its reads, and the entries of the largest page. */
function createLog(logs: ReadonlyMap<string, readonly HistoryEntry[]>) {
  const counts = { reads: 0, maxPage: 0 };
  const indexes = new Map([...logs].flatMap(([id, log]) => log.map((entry, index) => [entry.id + id, index] as const)));
  const auditLog: AuditLog = {
    async read(id, { limit, order, before, since = 0, until = Number.POSITIVE_INFINITY }) {
      const log = logs.get(id) ?? [];
      const end = before === undefined ? log.length : (indexes.get(before + id) ?? log.length);
      const inRange = log.slice(0, end).filter(({ at }) => at >= since && at < until);
      const page = (order === 'oldest_first' ? inRange : inRange.reverse()).slice(0, limit);
      counts.maxPage = Math.max(counts.maxPage, page.length);
      counts.reads += 1;
      return page;
    },
    listProjects: async () => [...logs.keys()],
    recordRefusal: async () => {},
  };
  return { context: { auditLog, serverClock: { now: async () => now } }, counts };
}

async function collect(entries: AsyncIterable<ProjectEntry>): Promise<ProjectEntry[]> {
  const collected: ProjectEntry[] = [];
  for await (const entry of entries) collected.push(entry);
  return collected;
}

const idsOf = (entries: readonly ProjectEntry[]) => entries.map(({ project, entry }) => `${project} ${entry.id}`);

describe('the audit of all projects', () => {
  it('has every entry once, in its order, up to the limit (property)', async () => {
    const log = fc
      .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 2 })), {
        maxLength: 700,
        size: 'max',
        selector: String,
      })
      .map((ids) => ids.map((id) => entryAt(...id)).sort((a, b) => compareEntryIds(a.id, b.id)));
    const since = fc.option(fc.integer({ min: 0, max: 300 }));
    const limit = fc.option(fc.integer({ min: 1, max: 1_000 }));
    const request = fc.record({ since, limit, order: fc.constantFrom(...orders) });
    await fc.assert(
      fc.asyncProperty(fc.array(log, { maxLength: 4 }), request, async (logs, { since: from, limit: most, order }) => {
        const byProject = new Map(logs.map((entries, index) => [`p${index}`, entries]));
        const read = await collect(readAudit(createLog(byProject).context, { since: from, limit: most, order }));
        const all = [...byProject].flatMap(([project, entries]) =>
          entries.filter(({ at }) => at >= (from ?? 0)).map((entry) => ({ project, entry })),
        );
        const sorted = all.map(({ entry }) => entry.id).sort(compareEntryIds);
        const expected = order === 'oldest_first' ? sorted : sorted.reverse();
        expect(read.map(({ entry }) => entry.id)).toEqual(expected.slice(0, most ?? undefined));
        expect(new Set(idsOf(read)).size).toBe(read.length);
        expect(idsOf(all)).toEqual(expect.arrayContaining(idsOf(read)));
      }),
      { numRuns: 15 },
    );
  });

  it.each(orders)('keeps a bounded number of entries in memory, %s', async (order) => {
    const projects = Array.from({ length: 100 }, (_, index) => index);
    const byProject = new Map(
      projects.map((project) => [
        `p${project}`,
        Array.from({ length: project === 0 ? 25_000 : 40 }, (_, index) => entryAt(index * 20, project)),
      ]),
    );
    const { context, counts } = createLog(byProject);
    let [taken, readsBefore, sinceRead, longestSpan] = [0, 0, 0, 0];
    for await (const _entry of readAudit(context, { since: null, limit: null, order })) {
      sinceRead = counts.reads === readsBefore ? sinceRead + 1 : 1;
      readsBefore = counts.reads;
      longestSpan = Math.max(longestSpan, sinceRead);
      taken += 1;
    }
    expect(taken).toBe(99 * 40 + 25_000);
    expect(longestSpan).toBeLessThanOrEqual(20_000);
    expect(counts.maxPage).toBeLessThanOrEqual(500);
    expect(counts.reads).toBeLessThan(5_000);
  });

  it('ends with the entries of the moment at which it began', async () => {
    const log = new Map([['orders', [entryAt(now), entryAt(now + 1)]]]);
    const read = await collect(readAudit(createLog(log).context, { since: null, limit: null, order: 'oldest_first' }));
    expect(idsOf(read)).toEqual([`orders ${now}-0`]);
  });
});
