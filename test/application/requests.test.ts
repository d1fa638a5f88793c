import { describe, expect, it } from 'vitest';
import { cancel, confirm, recordRefusedConfirmation } from '../../src/application/confirm.ts';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import type { ConfirmationResult } from '../../src/application/operation-store.ts';
import { type ActionRequest, recordRefusal } from '../../src/application/request-action.ts';
import type { RefusedRequest } from '../../src/application/stores.ts';
import type { OperationRef, OperationState } from '../../src/domain/operation.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import { createFakeContext } from '../slack/fake-context.ts';
import { exampleOperation, exampleRefusal } from '../support/example-records.ts';

const ref: OperationRef = { project: 'orders', operation: 'op1' };
const redisDown = () => Promise.reject(new StoreUnavailableError('no', { cause: new Error('ECONNREFUSED') }));

/** A context that collects what is written to the history. */
function createContext() {
  const recorded: (RefusedRequest & { readonly project: string })[] = [];
  const fake = createFakeContext([], {
    operations: { read: async ({ operation }) => (operation === 'op1' ? exampleOperation() : null) },
    auditLog: { recordRefusal: async (project, request) => void recorded.push({ project, ...request }) },
  });
  return { ...fake, recorded };
}

describe('a refused request', () => {
  const request: ActionRequest = {
    project: 'orders',
    action: 'pause',
    by: 'U0ALICE',
    reason: 'we deploy',
    origin: 'slack',
    channel: 'C0SYNC',
  };

  it('is in the history once a minute', async () => {
    const claims: [string, number][] = [];
    const { context, recorded } = createContext();
    const { deduplication } = context;
    const claimOnce = (key: string, ttlMs: number) => {
      claims.push([key, ttlMs]);
      return deduplication.claimOnce(key, ttlMs);
    };
    for (const _attempt of [1, 2])
      await recordRefusal({ ...context, deduplication: { claimOnce } }, request, exampleRefusal);
    expect(recorded).toEqual([{ ...request, refusal: exampleRefusal }]);
    expect(claims.map(([, ttlMs]) => ttlMs)).toEqual([60_000, 60_000]);
  });

  it.each<[string, Partial<ActionRequest>, Refusal]>([
    ['person', { by: 'U0BOB' }, exampleRefusal],
    ['action', { action: 'start' }, exampleRefusal],
    ['project', { project: 'users' }, exampleRefusal],
    ['refusal', {}, { code: 'not_operator', user: 'U0ALICE' }],
  ])('is in the history again with another %s', async (_what, other, refusal) => {
    const { context, recorded } = createContext();
    await recordRefusal(context, request, exampleRefusal);
    await recordRefusal(context, { ...request, ...other }, refusal);
    expect(recorded).toHaveLength(2);
  });

  it('is answered also if the history cannot be written', async () => {
    const { context, logLines } = createContext();
    const auditLog = { ...context.auditLog, recordRefusal: redisDown };
    await expect(recordRefusal({ ...context, auditLog }, request, exampleRefusal)).resolves.toBeUndefined();
    expect(logLines).toEqual([
      {
        level: 'warn',
        fields: { project: 'orders', error: expect.any(StoreUnavailableError), code: 'not_allowed' },
        message: 'refusal not written to the history',
      },
    ]);
  });
});

describe('a press of OK', () => {
  /** Presses OK. The store answers with this result. */
  async function press(result: ConfirmationResult, execute: () => Promise<void> = async () => {}) {
    const added: OperationRef[] = [];
    const { context, logLines } = createContext();
    const operations = { ...context.operations, resolve: async () => result };
    const jobs = {
      ...context.jobs,
      execute: async (operation: OperationRef) => {
        added.push(operation);
        await execute();
      },
    };
    const confirmed = await confirm({ ...context, operations, jobs }, { ref, by: 'U0ALICE', dialog: null });
    return { confirmed, added, logLines };
  }
  const resolved = (state: OperationState): ConfirmationResult => ({
    kind: 'resolved',
    operation: exampleOperation({ state }),
  });

  it('adds the job of the operation, and is logged', async () => {
    const { confirmed, added, logLines } = await press(resolved('confirmed'));
    expect(confirmed).toMatchObject({ kind: 'resolved' });
    expect(added).toEqual([ref]);
    expect(logLines).toEqual([
      {
        level: 'info',
        fields: {
          project: 'orders',
          operationId: 'op1',
          by: 'U0ALICE',
          decision: 'confirm',
          state: 'confirmed',
          kind: 'resolved',
        },
        message: 'operation resolved',
      },
    ]);
  });

  it.each<[string, ConfirmationResult]>([
    ['has expired', resolved('expired')],
    ['was cancelled', resolved('cancelled')],
    ['was pressed by another person', { kind: 'refused', refusal: { code: 'not_requester', by: 'U0ALICE' } }],
  ])('adds no job if the dialog %s', async (_what, result) => {
    const { confirmed, added, logLines } = await press(result);
    expect(confirmed).toEqual(result);
    expect(added).toEqual([]);
    expect(logLines).toMatchObject([{ fields: { kind: result.kind } }]);
  });

  it('is confirmed also if the job cannot be added, which is logged', async () => {
    const { confirmed, logLines } = await press(resolved('confirmed'), redisDown);
    expect(confirmed).toMatchObject({ kind: 'resolved' });
    expect(logLines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: operation resolved',
      'warn: job not added, the sweep will add it',
    ]);
    await expect(press(resolved('confirmed'), () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  });
});

it('A press of Cancel adds no job.', async () => {
  const { context } = createContext();
  const result: ConfirmationResult = { kind: 'resolved', operation: exampleOperation({ state: 'cancelled' }) };
  const operations = { ...context.operations, resolve: async () => result };
  expect(await cancel({ ...context, operations }, { ref, by: 'U0ALICE', dialog: null })).toBe(result);
});

describe('a press by a person without permission', () => {
  const refused = { ref, by: 'U0CAROL', channel: 'C0OTHER', refusal: exampleRefusal };

  it('is in the history with the operation', async () => {
    const { context, recorded } = createContext();
    await recordRefusedConfirmation(context, refused);
    expect(recorded).toEqual([
      {
        project: 'orders',
        action: 'pause',
        reason: 'we deploy',
        origin: 'slack',
        by: 'U0CAROL',
        channel: 'C0OTHER',
        refusal: exampleRefusal,
      },
    ]);
  });

  it('is not in the history without an operation, or if the history cannot be written, which is logged', async () => {
    const { context, recorded, logLines } = createContext();
    await recordRefusedConfirmation(context, { ...refused, ref: { ...ref, operation: 'other' } });
    const auditLog = { ...context.auditLog, recordRefusal: redisDown };
    await recordRefusedConfirmation({ ...context, auditLog }, refused);
    expect(recorded).toEqual([]);
    expect(logLines).toMatchObject([
      {
        level: 'warn',
        fields: { project: 'orders', operationId: 'op1', code: 'not_allowed' },
        message: 'refusal not written to the history',
      },
    ]);
  });
});
