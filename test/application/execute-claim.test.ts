import { expect, it } from 'vitest';
import { execute } from '../../src/application/execute.ts';
import type { ClaimResult } from '../../src/application/stores.ts';
import { createFakeContext } from '../slack/fake-context.ts';
import { exampleOperation } from '../support/example-records.ts';

const ref = { project: 'orders', operation: 'op1' };

it.each<[ClaimResult, object[], object[]]>([
  [{ kind: 'unknown' }, [], []],
  [{ kind: 'finished', operation: exampleOperation({ state: 'done' }) }, [ref], []],
  [
    {
      kind: 'refused',
      operation: exampleOperation({
        state: 'refused',
        refusal: { code: 'claim_timeout', project: 'orders', action: 'pause' },
      }),
    },
    [ref],
    [
      {
        level: 'info',
        fields: { project: 'orders', operationId: 'op1', code: 'claim_timeout' },
        message: 'operation refused by the worker',
      },
    ],
  ],
])(
  'After a claim with the result $kind only the message of the operation is updated.',
  async (claim, messages, lines) => {
    const { context, notified, logLines } = createFakeContext([], { operations: { claim: async () => claim } });
    await execute(context, ref);
    expect([notified, logLines]).toEqual([messages, lines]);
  },
);
