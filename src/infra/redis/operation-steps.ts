import { z } from 'zod';
import type { Operation } from '../../domain/operation.ts';
import { hashSchema, readOperationHash } from './records.ts';
import { jsonReply } from './scripts.ts';
import { defineStep, noReply, writeReply } from './steps.ts';

// The atomic steps of an operation, and the replies of their scripts.

const operation = hashSchema.transform((fields, context): Operation => {
  const parsed = readOperationHash(fields);
  if (parsed !== null) return parsed;
  context.addIssue({ code: 'custom', message: 'the operation does not exist' });
  return z.NEVER;
});

export const requestStep = defineStep(
  'request-operation',
  jsonReply(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('requested'), operation }),
      z.strictObject({ kind: z.literal('removed') }),
    ]),
  ),
);
export const resolveStep = defineStep(
  'resolve-confirmation',
  jsonReply(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.enum(['resolved', 'repeated']), operation }),
      z.strictObject({ kind: z.literal('not_requester'), by: z.string() }),
      z.strictObject({ kind: z.literal('unknown') }),
    ]),
  ),
);
export const claimStep = defineStep(
  'claim-operation',
  jsonReply(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('claimed'),
        operation,
        project: hashSchema,
        definition: z.string(),
        now: z.number(),
        hasOtherExecutions: z.boolean(),
      }),
      z.strictObject({ kind: z.enum(['refused', 'finished', 'waiting']), operation }),
      z.strictObject({ kind: z.literal('unknown') }),
    ]),
  ),
);
export const checkClaimStep = defineStep(
  'check-claim',
  jsonReply(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('refused'), operation }),
      z.strictObject({ kind: z.enum(['delayed', 'unchanged']) }),
    ]),
  ),
);
export const updateWaitStep = defineStep(
  'update-wait',
  jsonReply(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.enum(['waiting', 'ended', 'cancelled', 'refused', 'not_waiting']), operation }),
      z.strictObject({ kind: z.literal('unknown') }),
    ]),
  ),
);
export const commitStep = defineStep(
  'commit-operation',
  jsonReply(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('committed'),
        operation,
        project: hashSchema,
        definition: z.string(),
        operationToNotify: z.string().nullable(),
      }),
      z.strictObject({ kind: z.literal('repeated'), operation }),
      z.strictObject({ kind: z.enum(['conflict', 'other_executions']) }),
    ]),
  ),
);
export const passPreflightStep = defineStep(
  'pass-preflight',
  jsonReply(z.strictObject({ kind: z.enum(['first', 'repeated']) })),
);
export const setProgressStep = defineStep('set-progress', noReply);
export const markNotifiedStep = defineStep('mark-operation-notified', noReply);
export const updateFollowUpStep = defineStep('update-follow-up', writeReply);
export const beginExecutionStep = defineStep('begin-execution', noReply);
export const endExecutionStep = defineStep('end-execution', noReply);
