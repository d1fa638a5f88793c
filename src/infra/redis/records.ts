import { z } from 'zod';
import { StoreUnavailableError } from '../../application/errors.ts';
import { type Alert, type AlertRecord, type Alerts, alertSchema, deliveredAlertSchema } from '../../domain/alert.ts';
import { alertKinds } from '../../domain/conditions.ts';
import { retriedTaskSchema, type TaskRef } from '../../domain/failed-tasks.ts';
import { failureStreakSchema } from '../../domain/failure-streak.ts';
import { failureSchema, linkId, type Watermark, watermarkSchema } from '../../domain/link.ts';
import { type Operation, operationSchema } from '../../domain/operation.ts';
import { pausedUntilSchema } from '../../domain/paused-until.ts';
import {
  keptPausedSchema,
  type Project,
  type ProjectId,
  projectDefinitionSchema,
  waitingPauseSchema,
} from '../../domain/project.ts';
import { projectStateSchema } from '../../domain/project-state.ts';
import { bySkippedTask, type SkippedTask, skippedTaskSchema } from '../../domain/skipped-tasks.ts';
import { json } from './scripts.ts';

/** Returns null instead of a record that cannot be read, and reports it, so that other records can still be read. */
export type SkipUnreadable = <T>(id: ProjectId, reading: Promise<T>) => Promise<T | null>;

export function createSkipUnreadable(onUnreadable: (id: ProjectId, error: unknown) => void): SkipUnreadable {
  return (id, read) =>
    read.catch((error: unknown) => {
      if (error instanceof StoreUnavailableError) throw error;
      onUnreadable(id, error);
      return null;
    });
}

const number = z.coerce.number();
/** A hash has no null. The empty string stands for it. */
const emptyIsNull = z.string().transform((text) => (text === '' ? null : text));

const stateHashSchema = z.object({
  v: z.literal('1'),
  state: projectStateSchema,
  version: number,
  since: number,
  by: z.string(),
  reason: emptyIsNull,
  activeOperation: emptyIsNull,
  reconciledVersion: number,
  failure: emptyIsNull.pipe(z.union([z.null(), json.pipe(failureSchema)])),
  /** Earlier versions did not store it. */
  failureStreak: emptyIsNull.pipe(z.union([z.null(), json.pipe(failureStreakSchema)])).prefault(''),
  /** Earlier versions did not write it. */
  followedOperation: emptyIsNull.default(null),
  /** Earlier versions did not write it. */
  keptPaused: emptyIsNull.pipe(z.union([z.null(), json.pipe(keptPausedSchema)])).prefault(''),
  /** Earlier versions did not write it. */
  waitingPause: emptyIsNull.pipe(z.union([z.null(), json.pipe(waitingPauseSchema)])).prefault(''),
  /** Earlier versions did not write it. */
  pausedUntil: emptyIsNull.pipe(z.union([z.null(), json.pipe(pausedUntilSchema)])).prefault(''),
  /** Earlier versions did not write it. */
  retriedTasks: emptyIsNull
    .pipe(z.union([z.null(), json.pipe(z.array(retriedTaskSchema))]))
    .prefault('')
    .transform((tasks) => tasks ?? []),
  incompleteOperation: emptyIsNull,
  lastOperation: emptyIsNull,
  pendingLinks: json.pipe(z.array(z.string())).nullable(),
  oldestUnprocessedAt: emptyIsNull.transform((text) => (text === null ? null : Number(text))),
  linksToReconcile: emptyIsNull.pipe(z.union([z.null(), json.pipe(z.array(z.string()))])),
});

const definitionJsonSchema = json.pipe(projectDefinitionSchema);

/** Reads a project from its two records. Returns null if it does not exist. Throws if a record has another format. */
export function readProject(id: ProjectId, state: Record<string, string>, definition: string | null): Project | null {
  if (definition === null || Object.keys(state).length === 0) return null;
  const { v: _format, ...fields } = stateHashSchema.parse(state);
  return {
    id,
    definition: definitionJsonSchema.parse(definition),
    watermarks: readWatermarks(state),
    skippedTasks: readSkippedTasks(state),
    alerts: readAlerts(state),
    ...fields,
  };
}

const watermarkPrefix = 'watermark:';
const watermarkJsonSchema = json.pipe(watermarkSchema);

/** Each watermark is its own field of the state hash, so that the watermark of one link never overwrites another's. */
function readWatermarks(state: Record<string, string>): Record<string, Watermark> {
  const fields = Object.entries(state).filter(([field]) => field.startsWith(watermarkPrefix));
  return Object.fromEntries(
    fields.map(([field, text]) => [field.slice(watermarkPrefix.length), watermarkJsonSchema.parse(text)]),
  );
}

const skippedPrefix = 'skipped:';
const skippedJsonSchema = json.pipe(skippedTaskSchema);

/** Each skipped task is its own field of the state hash, so that a step adds or removes only those that it names. */
function readSkippedTasks(state: Record<string, string>): SkippedTask[] {
  const fields = Object.entries(state).filter(([field]) => field.startsWith(skippedPrefix));
  return fields.map(([, text]) => skippedJsonSchema.parse(text)).sort(bySkippedTask);
}

/** Skipped tasks as fields of the state hash. */
export function skippedFields(tasks: readonly SkippedTask[]): Record<string, string> {
  return Object.fromEntries(tasks.map((task) => [skippedField(task), JSON.stringify(task)]));
}

/** Another failure of the same task has another field. */
export function skippedField({ link, taskId, at }: TaskRef): string {
  return `${skippedPrefix}${at} ${linkId(link)} ${taskId}`;
}

const alertJsonSchema = json.pipe(alertSchema);
const deliveredJsonSchema = json.pipe(deliveredAlertSchema);
const alertFields = alertKinds.map((kind) => [kind, `alert:${kind}`, `delivered:${kind}`] as const);

/** The observer writes the field `alert:<kind>`, the notifier `delivered:<kind>`, so that neither overwrites the other. */
function readAlerts(state: Record<string, string>): Alerts {
  const alerts: Record<string, AlertRecord> = {};
  for (const [kind, alertField, deliveredField] of alertFields) {
    const [alert, delivered] = [state[alertField], state[deliveredField]];
    if (alert === undefined) continue;
    const parsedDelivered = delivered === undefined ? null : deliveredJsonSchema.parse(delivered);
    alerts[kind] = { alert: alertJsonSchema.parse(alert), delivered: parsedDelivered };
  }
  return alerts;
}

/** Watermarks, given by link id, as fields of the state hash. */
export function watermarkFields(watermarks: Readonly<Record<string, Watermark>>): Record<string, string> {
  const entries = Object.entries(watermarks);
  return Object.fromEntries(entries.map(([id, watermark]) => [`${watermarkPrefix}${id}`, JSON.stringify(watermark)]));
}

/** The fields of an operation's hash that are JSON or numbers. All others are plain text. */
const operationFields: ReadonlyMap<string, 'json' | 'number'> = new Map([
  ...[
    'tasks',
    'pauseUntil',
    'limitChange',
    'timer',
    'waitObservation',
    'progress',
    'outcome',
    'refusal',
    'laterFailure',
    'followUp',
    'followEnd',
    'message',
    'threadMessage',
    'dialog',
  ].map((name) => [name, 'json'] as const),
  ...[
    'v',
    'catchUpMs',
    'waitsUntil',
    'waitEndedAt',
    'waitRepliedAt',
    'requestedAt',
    'expiresAt',
    'projectVersion',
    'seq',
    'notifiedSeq',
    'resolvedAt',
    'executeBy',
    'claimDelayedAt',
    'startedAt',
    'finishedAt',
    'reconciledAt',
    'stateEndedAt',
    'notifiedAt',
  ].map((name) => [name, 'number'] as const),
]);

/** Always writes the fields in the same order, because the script compares texts. */
export function serializeAlert(alert: Alert): string {
  return JSON.stringify(alertSchema.parse(alert));
}

/** Reads an operation from its hash. Returns null if it does not exist. Throws if it has another format. */
export function readOperationHash(hash: Record<string, string>): Operation | null {
  if (Object.keys(hash).length === 0) return null;
  const fields: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(hash)) fields[name] = text === '' ? null : readField(name, text);
  return operationSchema.parse(fields);
}

function readField(name: string, text: string): unknown {
  const kind = operationFields.get(name);
  if (kind === undefined) return text;
  return kind === 'json' ? JSON.parse(text) : Number(text);
}

/** The fields of a hash by name, as scripts return them. `catchall` parses them three times as fast as `z.record`. */
export const hashSchema = z.object({}).catchall(z.string());

/** The fields of a stream entry as Redis returns them: name, value, name, value. */
export const flatHashSchema = z.array(z.string()).transform((flat) => {
  const hash: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) hash[String(flat[index])] = String(flat[index + 1]);
  return hash;
});
