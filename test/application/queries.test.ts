import { describe, expect, it } from 'vitest';
import { getHistory } from '../../src/application/history.ts';
import { availableAction, findOpenOperation } from '../../src/application/queries.ts';
import { historyEntrySchema } from '../../src/domain/history.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { PrecheckItem } from '../../src/domain/precheck.ts';
import { createFakeContext } from '../slack/fake-context.ts';
import { exampleNow, exampleOperation, exampleProject, exampleProjectStats } from '../support/example-records.ts';

describe('the open operation of a project', () => {
  const dialog = (id: string, overrides: Partial<Operation> = {}) => exampleOperation({ id, ...overrides });
  const running = dialog('running', { state: 'running', requestedAt: exampleNow - 9_000 });

  /** The id of the open operation of a project with these operations. */
  async function openOperation(open: readonly Operation[], active: Operation | null = null): Promise<string | null> {
    const project = exampleProject({ activeOperation: active?.id ?? null });
    const { context } = createFakeContext([project], {
      operations: {
        listOpen: async () => [...open],
        read: async ({ operation }) => (operation === active?.id ? active : null),
      },
    });
    const found = await findOpenOperation(context, project);
    return found?.id ?? null;
  }

  it('is the active one', async () => {
    expect(await openOperation([dialog('dialog')], running)).toBe('running');
  });

  it('is another one if the active one has just finished', async () => {
    const finished = dialog('finished', { state: 'done' });
    expect(await openOperation([dialog('dialog')], finished)).toBe('dialog');
  });

  it('is one that was confirmed, before every dialog', async () => {
    const confirmed = dialog('confirmed', { state: 'confirmed', requestedAt: exampleNow - 9_000, expiresAt: 1 });
    expect(await openOperation([confirmed, dialog('dialog')])).toBe('confirmed');
  });

  it('is the newest dialog', async () => {
    const [older, newer] = [dialog('older', { requestedAt: 1 }), dialog('newer', { requestedAt: 2 })];
    expect(await openOperation([older, newer])).toBe('newer');
    expect(await openOperation([newer, older])).toBe('newer');
  });

  it('is neither a dialog that has expired nor one whose outcome is not notified yet', async () => {
    expect(await openOperation([dialog('expired', { expiresAt: exampleNow })])).toBeNull();
    expect(await openOperation([dialog('finished', { state: 'failed' })])).toBeNull();
    expect(await openOperation([])).toBeNull();
  });
});

describe('the history of a project', () => {
  /** Reads the newest `limit` of `total` entries. A page has one entry too many, as it may. */
  async function readHistory(limit: number, total: number) {
    const pages: object[] = [];
    const entries = Array.from({ length: total }, (_, index) =>
      historyEntrySchema.parse({ id: `${total - index}`, at: exampleNow, event: 'requested' }),
    );
    const { context } = createFakeContext([exampleProject()], {
      auditLog: {
        async read(_id, { limit: pageSize, before }) {
          pages.push({ limit: pageSize, before });
          const from = before === undefined ? 0 : entries.findIndex(({ id }) => id === before) + 1;
          return entries.slice(from, from + pageSize + 1);
        },
      },
    });
    const result = await getHistory(context, total === 0 ? 'order' : 'orders', { limit });
    return { result, ids: result.kind === 'found' ? result.entries.map(({ id }) => Number(id)) : null, pages };
  }

  it('is read in pages of 500, and has at most as many entries as requested', async () => {
    const { ids, pages } = await readHistory(1_200, 2_000);
    expect(ids).toEqual(Array.from({ length: 1_200 }, (_, index) => 2_000 - index));
    expect(pages).toEqual([
      { limit: 500, before: undefined },
      { limit: 500, before: '1500' },
      { limit: 198, before: '999' },
    ]);
  });

  it('ends at the first page that is not full', async () => {
    const { ids, pages } = await readHistory(1_200, 3);
    expect(ids).toEqual([3, 2, 1]);
    expect(pages).toHaveLength(1);
  });

  it('is refused with the closest id if there is neither an entry nor a project', async () => {
    expect((await readHistory(10, 0)).result).toEqual({
      kind: 'refused',
      refusal: { code: 'unknown_project', project: 'order', similar: ['orders'] },
    });
  });
});

it.each<[PrecheckItem['result'], string | null]>([
  ['pass', 'start'],
  ['unknown', 'start'],
  ['fail', null],
])('A Not Started project whose precheck has the result %s can be started: %s.', (result, action) => {
  const item: PrecheckItem = { check: 'queues_exist', result, reason: null, links: { total: 0, first: [] } };
  const details = { stats: exampleProjectStats, operations: [], samples: [] };
  expect(availableAction({ ...details, project: exampleProject({ state: 'not_started' }), precheck: [item] })).toBe(
    action,
  );
  expect(availableAction({ ...details, project: exampleProject({ state: 'running' }), precheck: [item] })).toBe(
    'pause',
  );
});
