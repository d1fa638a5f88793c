import { describe, expect, it } from 'vitest';
import type { ItemResult } from '../../../src/domain/batch.ts';
import { isBatchReplyDue } from '../../../src/slack/notifier/wait-reply.ts';
import { exampleBatch } from '../../support/example-records.ts';

const result = {
  refusal: null,
  linksDone: 2,
  stateEndedAt: null,
  failedAt: null,
  limitChange: null,
} as const;
const paused = (finishedAt: number): ItemResult => ({ ...result, state: 'done', finishedAt });
const cancelled = (finishedAt: number, cancelledBy: string): ItemResult => ({
  ...result,
  state: 'cancelled',
  finishedAt,
  cancelledBy,
});

describe('the reply at the end of a batch of pauses that waited', () => {
  it.each([
    [
      'the last pause followed a cancel by the requester',
      { carts: cancelled(20_000, 'U0ALICE'), users: paused(30_000) },
      true,
    ],
    [
      'the requester has cancelled the last pause',
      { carts: paused(20_000), users: cancelled(30_000, 'U0ALICE') },
      false,
    ],
    ['another person has cancelled the last pause', { carts: paused(20_000), users: cancelled(30_000, 'U0BOB') }, true],
  ])('if %s', (_case, results, isDue) => {
    const batch = exampleBatch({
      action: 'pause',
      by: 'U0ALICE',
      state: 'done',
      catchUpMs: 60_000,
      resolvedAt: 0,
      finishedAt: 30_000,
      messages: { C0SYNC: { channel: 'C0SYNC', ts: '1.1', digest: '' } },
      results,
    });
    expect(isBatchReplyDue(batch)).toBe(isDue);
  });
});
