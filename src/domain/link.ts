import { z } from 'zod';

/** The name of the connection that links use unless they name another: `REDIS_URL`. */
export const defaultConnection = 'default';

/** A BullMQ queue on a named connection. */
export const linkSchema = z.object({
  queue: z.string().min(1),
  connection: z.string().min(1),
  prefix: z.string().min(1),
});
export type Link = Readonly<z.infer<typeof linkSchema>>;

/** Identifies a link; also the key of its watermark. */
export function linkId(link: Link): string {
  return `${link.connection}/${link.prefix}:${link.queue}`;
}

export interface ItemsOfLink<Item> {
  readonly link: Link;
  readonly items: readonly Item[];
}

/** Keeps the order of the items, and the links in the order of their first items. */
export function groupByLink<Item extends { readonly link: Link }>(items: readonly Item[]): ItemsOfLink<Item>[] {
  const groups = new Map<string, { readonly link: Link; readonly items: Item[] }>();
  for (const item of items) {
    const id = linkId(item.link);
    const group = groups.get(id) ?? { link: item.link, items: [] };
    group.items.push(item);
    groups.set(id, group);
  }
  return [...groups.values()];
}

/** The name that people read: the queue, with connection and prefix where they are not the default. */
export function linkName({ queue, connection, prefix }: Link): string {
  return `${connection === defaultConnection ? '' : `${connection}/`}${prefix === 'bull' ? '' : `${prefix}:`}${queue}`;
}

/** Up to `maxSampleSize` of some links, and how many there are: a project may have thousands. */
export const linkSampleSchema = z.object({ total: z.number(), first: z.array(linkSchema) });
export type LinkSample = Readonly<z.infer<typeof linkSampleSchema>>;

const maxSampleSize = 5;

export function sampleLinks(links: readonly Link[]): LinkSample {
  return { total: links.length, first: links.slice(0, maxSampleSize) };
}

/**
 * The failed tasks of a link when it was added, started or last restored: later failures are those that it does not cover.
 * `at` is a score of BullMQ's `failed` set, epoch ms by the clock of the link's workers, but never later than the time of the
 * link's Redis. `known` are the tasks with that score or a higher one. Tasks with a lower score are covered too. `eventId` is the
 * newest event of the queue at that moment.
 */
const currentWatermarkSchema = z.object({
  at: z.number(),
  known: z.array(z.object({ taskId: z.string(), at: z.number() })),
  eventId: z.string(),
});

/** Records of earlier versions have the tasks that failed at `at` only. Events have ids by the time of the link's Redis. */
const earlierWatermarkSchema = z
  .object({ at: z.number(), taskIds: z.array(z.string()) })
  .transform(({ at, taskIds }) => ({
    at,
    known: taskIds.map((taskId) => ({ taskId, at })),
    eventId: `${Math.floor(at)}-0`,
  }));

export const watermarkSchema = z.union([currentWatermarkSchema, earlierWatermarkSchema]);
export type Watermark = Readonly<z.infer<typeof watermarkSchema>>;
export const noWatermark: Watermark = { at: 0, known: [], eventId: '0-0' };

export const taskFailureSchema = z.object({
  kind: z.literal('task_failed'),
  link: linkSchema,
  taskId: z.string(),
  /** Masked (logging/redact.ts). */
  reason: z.string(),
  /** Epoch ms, by the clock of the link's worker. */
  at: z.number(),
});
export type TaskFailure = Readonly<z.infer<typeof taskFailureSchema>>;

/** Why a project is Failed: a task failed for good, or a link could not be reached in time. */
export const failureSchema = z.discriminatedUnion('kind', [
  taskFailureSchema.extend({
    /** How many failed tasks of the project had been removed when the failure was found, at least. */
    removedTasks: z.number().optional(),
  }),
  z.object({
    kind: z.literal('link_unreachable'),
    link: linkSchema,
    /** The worker that tried last did not have the connection of the link. */
    isNotConfigured: z.literal(true).optional(),
    /** Epoch ms of the bot's Redis server. */
    at: z.number(),
  }),
]);
export type Failure = Readonly<z.infer<typeof failureSchema>>;
