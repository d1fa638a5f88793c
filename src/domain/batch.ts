import { z } from 'zod';
import { actions } from './lifecycle.ts';
import { dialogSchema, messageRefSchema, type Operation, operationStates } from './operation.ts';
import { limitChangeSchema, type PauseLimit, pauseLimitSchema } from './paused-until.ts';
import { type ProjectId, projectIdSchema } from './project.ts';
import { refusalSchema } from './refusal.ts';

/** The most projects that one batch can have. */
export const maxBatchProjects = 1_000;

/**
 * requested → confirmed → done; requested → cancelled or expired. A batch in waves goes confirmed → stopped at the first
 * project that is not done, then stopped → confirmed (Go On) or done (Stop).
 */
export const batchStates = ['requested', 'confirmed', 'stopped', 'done', 'cancelled', 'expired'] as const;
export type BatchState = (typeof batchStates)[number];

/** A project that the batch acts on. Its operation has the id `operationIdOf`. */
const batchItemSchema = z.object({
  project: projectIdSchema,
  /** The project's version at the request. A claim at another version is refused. */
  projectVersion: z.number(),
  links: z.number(),
  /** Of the project, at the request. */
  channel: z.string().nullable(),
  /** Of a pause: when it ends. Null without a limit. */
  pauseUntil: pauseLimitSchema.nullable().default(null),
});
export type BatchItem = Readonly<z.infer<typeof batchItemSchema>>;

/** A project of the selection that the batch does not act on. */
const refusedItemSchema = z.object({
  project: projectIdSchema,
  channel: z.string().nullable(),
  refusal: refusalSchema,
});
export type RefusedItem = Readonly<z.infer<typeof refusedItemSchema>>;

/** How the operation of an item ended. */
const itemResultSchema = z.object({
  state: z.enum(operationStates),
  refusal: refusalSchema.nullable(),
  /** Null if it set no link. */
  linksDone: z.number().nullable(),
  /** What has changed since, as in the operation: times are epoch ms. Earlier versions did not store it. */
  stateEndedAt: z.number().nullable().default(null),
  failedAt: z.number().nullable().default(null),
  limitChange: limitChangeSchema.nullable().default(null),
  /** When its pause was to end, if that was counted from the beginning of the pause. Earlier versions did not store it. */
  pauseUntil: z.number().optional(),
  /** Who has cancelled its pause while that waited until the project had caught up. Earlier versions did not store it. */
  cancelledBy: z.string().optional(),
  /** When it ended, if its pause waited. Epoch ms. Earlier versions did not store it. */
  finishedAt: z.number().optional(),
});
export type ItemResult = Readonly<z.infer<typeof itemResultSchema>>;

/** How a restore goes on from one group of projects to the next: when they have caught up, or after so many ms. */
export const waveWaitSchema = z.union([z.literal('caughtUp'), z.number()]);
export const wavesSchema = z.object({ size: z.number(), wait: waveWaitSchema });
export type Waves = Readonly<z.infer<typeof wavesSchema>>;

/** A batch message in a channel, and the text that it shows as a digest. */
const batchMessageSchema = messageRefSchema.extend({ digest: z.string() });
export type BatchMessage = Readonly<z.infer<typeof batchMessageSchema>>;

/** One action on several projects. Times are epoch ms of the bot's Redis server. */
export const batchSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  action: z.enum(actions),
  by: z.string(),
  reason: z.string().nullable(),
  /** What the person selected. */
  selection: z.string(),
  /** The batch that this one restores or repeats, or null. */
  after: z.string().nullable(),
  origin: z.enum(['slack', 'cli']),
  /** The Slack channel of the request. Null from the command line. */
  channel: z.string().nullable(),
  threadTs: z.string().nullable(),
  items: z.array(batchItemSchema),
  refused: z.array(refusedItemSchema),
  waves: wavesSchema.nullable(),
  /** Of a pause: how long each project waits at most until it has caught up, ms. Earlier versions did not store it. */
  catchUpMs: z.number().nullable().default(null),
  state: z.enum(batchStates),
  requestedAt: z.number(),
  expiresAt: z.number(),
  resolvedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  /** Grows by one with each change that people see. */
  version: z.number(),
  notifiedVersion: z.number(),
  /** When people were notified of the end. After that its messages are only edited. Earlier versions did not store it. */
  notifiedAt: z.number().nullable().default(null),
  /** So many items may begin, and so many have begun. Less than all only in waves. */
  released: z.number(),
  started: z.number(),
  /** The first item of the wave, and when the bot found that its last operation had ended. */
  waveFrom: z.number(),
  waveEndedAt: z.number().nullable(),
  /** Who has ended a batch in waves before its last wave. */
  stoppedBy: z.string().nullable(),
  results: z.record(z.string(), itemResultSchema),
  /** The projects that no worker has taken for a while, and until when one may, epoch ms. Earlier versions did not store it. */
  unclaimed: z.object({ projects: z.number(), until: z.number() }).nullable().default(null),
  /** The projects that wait until they have caught up, and until when at the latest. Earlier versions did not store it. */
  catchingUp: z.object({ projects: z.number(), until: z.number() }).nullable().default(null),
  messages: z.record(z.string(), batchMessageSchema),
  dialog: dialogSchema.nullable(),
});
export type Batch = Readonly<z.infer<typeof batchSchema>>;

/** The same for each repetition of a step, so that a project gets one operation. */
export function operationIdOf({ id, items }: Pick<Batch, 'id' | 'items'>, project: ProjectId): string {
  return `${id}-${items.findIndex((item) => item.project === project)}`;
}

export function toItemResult(operation: Operation): ItemResult {
  const {
    state,
    refusal,
    outcome,
    stateEndedAt,
    laterFailure,
    limitChange,
    catchUpMs,
    pauseUntil,
    waitEndedBy,
    finishedAt,
  } = operation;
  const linksDone = outcome?.linksDone ?? null;
  const end = catchUpMs === null ? null : endOf(pauseUntil);
  return {
    state,
    refusal,
    linksDone,
    stateEndedAt,
    failedAt: laterFailure?.at ?? null,
    limitChange,
    ...(end === null ? {} : { pauseUntil: end }),
    ...(state === 'cancelled' && waitEndedBy !== null ? { cancelledBy: waitEndedBy } : {}),
    ...(catchUpMs === null || finishedAt === null ? {} : { finishedAt }),
  };
}

/** When a pause ends. Null without a limit, and for a duration of a pause that has not begun. Epoch ms. */
function endOf(limit: PauseLimit | null): number | null {
  return limit === null || limit.durationMs !== undefined ? null : limit.at;
}

/** Whether something has happened after the end of the operation that the message of its batch shows. */
export function hasChangedSinceEnd({ stateEndedAt, laterFailure, limitChange }: Operation): boolean {
  return stateEndedAt !== null || laterFailure !== null || limitChange !== null;
}

/** When the message of an ended batch was due last, as far as its record has the time. Epoch ms. */
export function changedAt({ finishedAt, results }: Pick<Batch, 'finishedAt' | 'results'>, now: number): number {
  const changes = Object.values(results).map(({ stateEndedAt, failedAt, limitChange }) =>
    Math.max(stateEndedAt ?? 0, failedAt ?? 0, limitChange?.at ?? 0),
  );
  return changes.reduce((latest, at) => Math.max(latest, at), finishedAt ?? now);
}

export function isOpenBatch({ state }: Pick<Batch, 'state'>): boolean {
  return state === 'requested' || state === 'confirmed' || state === 'stopped';
}

export interface BatchCounts {
  readonly total: number;
  readonly done: number;
  /** Ended, but not done. */
  readonly failed: number;
  /** Begun and not ended. */
  readonly running: number;
  /** Not begun. */
  readonly waiting: number;
}

/** `items`: those of the batch to count. */
export function countItems({ started, results, items: all }: Batch, items: readonly BatchItem[] = all): BatchCounts {
  const counts = { total: items.length, done: 0, failed: 0, running: 0, waiting: 0 };
  const begun = new Set(all.slice(0, started).map(({ project }) => project));
  for (const { project } of items) {
    const result = results[project];
    if (result === undefined) counts[begun.has(project) ? 'running' : 'waiting'] += 1;
    else counts[result.state === 'done' ? 'done' : 'failed'] += 1;
  }
  return counts;
}

interface ItemsWithResults extends Pick<Batch, 'results'> {
  readonly items: readonly BatchItem[];
}

/** The items that ended, but are not done. */
export function failedItems({ items, results }: ItemsWithResults): BatchItem[] {
  return items.filter(({ project }) => isFailed(results[project]));
}

/** The items that are done. */
export function doneItems({ items, results }: ItemsWithResults): BatchItem[] {
  return items.filter(({ project }) => results[project]?.state === 'done');
}

/** Those of the items whose projects have left the state that the batch gave them, as far as its record has it. */
export function changedItems({ results }: Pick<Batch, 'results'>, items: readonly BatchItem[]): BatchItem[] {
  return items.filter(({ project }) => (results[project]?.stateEndedAt ?? null) !== null);
}

/** The other ones. */
export function unchangedItems(batch: Pick<Batch, 'results'>, items: readonly BatchItem[]): BatchItem[] {
  const changed = new Set(changedItems(batch, items));
  return items.filter((item) => !changed.has(item));
}

/** When the pauses of the items end, as far as the record has it. Without those that were not done, or have ended. Epoch ms. */
export function currentEnds(batch: Pick<Batch, 'results'>, items: readonly BatchItem[]): number[] {
  return unchangedItems(batch, items).flatMap(({ project, pauseUntil }) => {
    const result = batch.results[project];
    if (pauseUntil === null || isFailed(result)) return [];
    const change = result?.limitChange ?? null;
    return change === null ? (result?.pauseUntil ?? endOf(pauseUntil) ?? []) : (change.until ?? []);
  });
}

function isFailed(result: ItemResult | undefined): boolean {
  return result !== undefined && result.state !== 'done';
}

export interface WaveFacts {
  readonly now: number;
  /** Whether no project of the wave has work to catch up with. */
  readonly hasCaughtUp: boolean;
}

/** The longest time that a wave waits for the projects of the one before to catch up, ms. */
export const maxCatchUpWaitMs = 30 * 60_000;

export type NextStep =
  | { readonly kind: 'wait' }
  /** The wave has just ended. */
  | { readonly kind: 'end_wave' }
  | { readonly kind: 'begin_wave' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'finish' };

/** What a confirmed batch does next, whose started operations have the given results. */
export function nextStep(batch: Batch, { now, hasCaughtUp }: WaveFacts): NextStep {
  const { items, started, released, results, waves, waveFrom, waveEndedAt } = batch;
  const hasEnded = items.slice(0, started).every(({ project }) => results[project] !== undefined);
  if (started < released || !hasEnded) return { kind: 'wait' };
  if (started >= items.length || waves === null) return { kind: 'finish' };
  if (items.slice(waveFrom, started).some(({ project }) => isFailed(results[project]))) return { kind: 'stop' };
  if (waveEndedAt === null) return { kind: 'end_wave' };
  const waitMs = waves.wait === 'caughtUp' ? maxCatchUpWaitMs : waves.wait;
  const isOver = now >= waveEndedAt + waitMs || (waves.wait === 'caughtUp' && hasCaughtUp);
  return isOver ? { kind: 'begin_wave' } : { kind: 'wait' };
}

/** The channels that show a message of the batch: that of the request, and those of its projects. */
export function channelsOf({ channel, items }: Pick<Batch, 'channel' | 'items'>): string[] {
  const ofProjects = items.flatMap((item) => item.channel ?? []);
  return [...new Set([...(channel === null ? [] : [channel]), ...ofProjects])];
}

/** The part of the batch that a channel shows: all in that of the request, else the projects of the channel. */
export function partFor(batch: Batch, channel: string): Pick<Batch, 'items' | 'refused'> {
  if (channel === batch.channel) return batch;
  const isOwn = (item: { readonly channel: string | null }) => item.channel === channel;
  return { items: batch.items.filter(isOwn), refused: batch.refused.filter(isOwn) };
}

/** How long a change of a project after the end of its operation waits for others, ms: one edit of the message for all. */
export const laterChangeCollectMs = 3_000;

/** How long a change of a batch waits for others, ms: one edit a second at first, fewer in a long batch. */
export function collectMs(elapsedMs: number): number {
  if (elapsedMs < 10_000) return 1_000;
  return elapsedMs < 60_000 ? 2_000 : 5_000;
}
