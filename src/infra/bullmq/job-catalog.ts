import type { JobsOptions } from 'bullmq';
import { z } from 'zod';
import { projectIdSchema } from '../../domain/project.ts';

const operationRef = z.strictObject({ project: projectIdSchema, operation: z.string().min(1) });
const nothing = z.strictObject({});

/** A job is done at once or tried again; history and dedupe live in the operation. */
const leaveNoTrace: JobsOptions = { removeOnComplete: true, removeOnFail: true };

/** Until the sweep takes over: one try a second for a minute. */
const patient: JobsOptions = { ...leaveNoTrace, attempts: 60, backoff: { type: 'fixed', delay: 1_000 } };

/** Every job of the bot: which queue carries it, what it carries (ids, nothing else), and how it is tried. */
export const jobCatalog = {
  execute: { queue: 'actions', schema: operationRef, options: patient },
  converge: { queue: 'upkeep', schema: z.strictObject({ project: projectIdSchema }), options: patient },
  tell: { queue: 'notices', schema: operationRef, options: patient },
  alert: { queue: 'notices', schema: z.strictObject({ project: projectIdSchema }), options: patient },
  observe: { queue: 'observe', schema: nothing, options: leaveNoTrace },
  sweep: { queue: 'sweep', schema: nothing, options: leaveNoTrace },
} as const satisfies Record<string, { queue: string; schema: z.ZodType; options: JobsOptions }>;

/** The ids that a job of whatever kind carries. */
export const aboutSchema = z
  .object({ project: projectIdSchema.optional(), operation: z.string().optional() })
  .catch({});

export type JobName = keyof typeof jobCatalog;
export type JobData<Name extends JobName> = z.infer<(typeof jobCatalog)[Name]['schema']>;
export type QueueName = (typeof jobCatalog)[JobName]['queue'];

/** One handler for each job of a queue: a missing one does not compile. */
export type Handlers<Queue extends QueueName> = {
  readonly [Name in JobName as (typeof jobCatalog)[Name]['queue'] extends Queue ? Name : never]: (
    data: JobData<Name>,
  ) => Promise<void>;
};

/** Job ids, built only here; deterministic, so that adding twice is adding once. */
export const jobIds = {
  execute: ({ operation }: JobData<'execute'>) => `execute-${operation}`,
} as const;

/** Deduplication ids: while such a job waits a further one is dropped, while it runs one more is run behind it. */
export const kickIds = {
  converge: ({ project }: JobData<'converge'>) => `converge-${project}`,
  alert: ({ project }: JobData<'alert'>) => `alert-${project}`,
  tell: ({ operation }: JobData<'tell'>) => `tell-${operation}`,
} as const;
