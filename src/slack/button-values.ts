import { createHash } from 'node:crypto';
import { z } from 'zod';
import { alertTargetSchema } from '../domain/alert-press.ts';
import type { TaskRef } from '../domain/failed-tasks.ts';
import { linkId } from '../domain/link.ts';
import type { OperationRef } from '../domain/operation.ts';
import { type ProjectId, projectIdSchema } from '../domain/project.ts';

// The value of a button or of an option of a menu contains ids or a command, never a state.

export function operationRefValue({ project, operation }: OperationRef): string {
  return `${project}/${operation}`;
}

/** Returns the operation in a button's value, or null. */
export function readOperationRef(value: unknown): OperationRef | null {
  const [project, operation, ...rest] = typeof value === 'string' ? value.split('/') : [];
  const ref = operationRefSchema.safeParse({ project, operation });
  return ref.success && rest.length === 0 ? ref.data : null;
}

const operationRefSchema = z.object({
  project: projectIdSchema,
  operation: z.string().regex(/^[A-Za-z0-9_-]{1,80}$/),
});

/** Returns the id of a batch in a button's value, or null. */
export function readBatchId(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z0-9]{1,80}$/.test(value) ? value : null;
}

export function projectValue(project: ProjectId): string {
  return project;
}

/** Returns the project id in a button's value, or null. */
export function readProjectId(value: unknown): ProjectId | null {
  const id = projectIdSchema.safeParse(value);
  return id.success ? id.data : null;
}

/** `until`: the end of the pause that the message shows, epoch ms. */
export interface PauseEnd {
  readonly project: ProjectId;
  readonly until: number;
}

export function pauseEndValue({ project, until }: PauseEnd): string {
  return `${project}:${until}`;
}

/** Returns the project and the end of its pause in a button's value, or null. */
export function readPauseEnd(value: unknown): PauseEnd | null {
  const [, id, until] = (typeof value === 'string' && /^([^:]+):(\d{1,15})$/.exec(value)) || [];
  const project = readProjectId(id);
  return project === null ? null : { project, until: Number(until) };
}

/** Names one failure of one task, whose id may be too long for the value of a button. */
export function skippedTaskKey({ link, taskId, at }: TaskRef): string {
  const text = JSON.stringify([linkId(link), taskId, at]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

export function skippedTaskValue(project: ProjectId, task: TaskRef): string {
  return `${project}:${skippedTaskKey(task)}`;
}

/** Returns the project and the key in the value of Retry, or null. */
export function readSkippedTask(value: unknown): { readonly project: ProjectId; readonly key: string } | null {
  const [, id, key] = (typeof value === 'string' && /^([^:]+):([\w-]{16})$/.exec(value)) || [];
  const project = readProjectId(id);
  return project === null || key === undefined ? null : { project, key };
}

const alertButtonSchema = z.object({ target: alertTargetSchema, seenAt: z.number() });
export type AlertButton = Readonly<z.infer<typeof alertButtonSchema>>;

export function alertButtonValue({ target, seenAt }: AlertButton): string {
  return JSON.stringify({ target, seenAt });
}

/** Returns the alerts in a button's value, and when the button was rendered, or null. */
export function readAlertButton(value: unknown): AlertButton | null {
  return readJson(alertButtonSchema, value);
}

/** Quotes make the text of a filter longer than what a person typed. */
const maxFilterLength = 500;
const listQuerySchema = z.object({ page: z.int().min(0).max(100_000), filter: z.string().max(maxFilterLength) });
export type ListQuery = Readonly<z.infer<typeof listQuerySchema>>;

export function listQueryValue({ page, filter }: ListQuery): string {
  return JSON.stringify({ page, filter });
}

/** Returns the page in the value of a Next or Previous button, or null. The first page is 0. */
export function readListQuery(value: unknown): ListQuery | null {
  return readJson(listQuerySchema, value);
}

/** Slack's documentation names 75 and 150. It refuses an empty value too. */
const maxOptionValueLength = 75;

/** The value of an option of a select. Returns null if Slack would not accept it. */
export function filterValue(filter: string): string | null {
  const value = `list ${filter}`.trim();
  return value.length <= maxOptionValueLength ? value : null;
}

/** Returns the filter in the value of an option, or null. */
export function readFilterValue(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > maxOptionValueLength) return null;
  return /^list(?: (.*))?$/su.exec(value)?.[1] ?? (value === 'list' ? '' : null);
}

const linksQuerySchema = z.object({ project: projectIdSchema, page: z.int().min(0).max(100_000) });
export type LinksQuery = Readonly<z.infer<typeof linksQuerySchema>>;

export function linksQueryValue({ project, page }: LinksQuery): string {
  return JSON.stringify({ project, page });
}

/** Returns the page of links in the value of an All Links, Next or Previous button, or null. The first page is 0. */
export function readLinksQuery(value: unknown): LinksQuery | null {
  return readJson(linksQuerySchema, value);
}

/** The longest value of a button. */
const maxValueLength = 2_000;

const historyQuerySchema = z.object({
  project: projectIdSchema,
  cursor: z
    .object({
      before: z.string().regex(/^\d{1,15}-\d{1,15}$/),
      shown: z
        .array(z.string().regex(/^(operation:[A-Za-z0-9_-]{1,80}|(alert:[a-z0-9_]{1,40}|failed):\d{1,15})$/))
        .readonly(),
    })
    .nullable(),
});
export type HistoryQuery = Readonly<z.infer<typeof historyQuerySchema>>;

/** Returns null if Slack would not accept the value: a history can have any number of unfinished operations. */
export function historyQueryValue({ project, cursor }: HistoryQuery): string | null {
  const value = JSON.stringify({ project, cursor });
  return value.length <= maxValueLength && readHistoryQuery(value) !== null ? value : null;
}

/** Returns the page in the value of an Older or Newest button, or null. */
export function readHistoryQuery(value: unknown): HistoryQuery | null {
  return typeof value === 'string' && value.length <= maxValueLength ? readJson(historyQuerySchema, value) : null;
}

/** Returns what a JSON text contains, or null. */
export function readJson<T>(schema: z.ZodType<T>, value: unknown): T | null {
  return schema.safeParse(typeof value === 'string' ? parseJson(value) : null).data ?? null;
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
