import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type AlertPress, alertPresses, alertTargetSchema } from '../domain/alert-press.ts';
import type { TaskRef } from '../domain/failed-tasks.ts';
import { type ProjectOperationKind, projectOperationKinds } from '../domain/lifecycle.ts';
import { linkId } from '../domain/link.ts';
import type { OperationRef } from '../domain/operation.ts';
import { type ProjectId, projectIdSchema } from '../domain/project.ts';

/**
 * Everything that crosses the boundary to Slack. A message stays in Slack for ever, so action ids carry a version: a press of
 * an outdated id is answered with "older version". A button's value contains ids or a command, never a state.
 */
export const actionIds = {
  ok: 'sync:v1:ok',
  cancel: 'sync:v1:cancel',
  show: 'sync:v1:show',
  keepPaused: 'sync:v1:keep-paused',
  /** The end of a pause: moves it by an hour, or removes it. */
  pauseEnd: { extend: 'sync:v1:pause-end:extend', keep: 'sync:v1:pause-end:keep' },
  /** A pause that waits until its project has caught up: begins it, or cancels it. */
  wait: { now: 'sync:v1:wait:now', cancel: 'sync:v1:wait:cancel' },
  alert: { own: 'sync:v1:alert:own', snooze: 'sync:v1:alert:snooze', hand_over: 'sync:v1:alert:hand-over' },
  /** Opens a URL. Slack also sends the press. */
  runbook: 'sync:v1:runbook',
  request: {
    start: 'sync:v1:request:start',
    pause: 'sync:v1:request:pause',
    restore: 'sync:v1:request:restore',
    reapply: 'sync:v1:request:reapply',
    adopt: 'sync:v1:request:adopt',
  },
  /** A restore that leaves out tasks: a button of an alert, and one of the dialog of a restore. */
  restoreWithout: { alert: 'sync:v1:restore-without', dialog: 'sync:v1:dialog:restore-without' },
  retry: { one: 'sync:v1:retry:one', all: 'sync:v1:retry:all' },
  page: { next: 'sync:v1:page:next', previous: 'sync:v1:page:previous' },
  /** The selects of the list. The value of an option is a filter. */
  filter: { state: 'sync:v1:list:state', label: 'sync:v1:list:label' },
  /** The same selects in Home. */
  homeFilter: { state: 'sync:v1:home:state', label: 'sync:v1:home:label' },
  /** The dialog and the message of a batch. */
  batch: {
    ok: 'sync:v1:batch:ok',
    cancel: 'sync:v1:batch:cancel',
    retryFailed: 'sync:v1:batch:retry-failed',
    restore: 'sync:v1:batch:restore',
    goOn: 'sync:v1:batch:go-on',
    stop: 'sync:v1:batch:stop',
    /** Cancels the pauses that wait until their projects have caught up. */
    cancelWaits: 'sync:v1:batch:cancel-waits',
    showDialog: 'sync:v1:batch:show-dialog',
  },
  /** Shows an open dialog again. */
  showDialog: 'sync:v1:show-dialog',
  historyPage: { older: 'sync:v1:history:older', newest: 'sync:v1:history:newest' },
  links: { all: 'sync:v1:links:all', next: 'sync:v1:links:next', previous: 'sync:v1:links:previous' },
  /** The form of `/sync` without a command: the button that opens it, and the menu of projects. */
  run: { open: 'sync:v1:run:open', project: 'sync:v1:run:project' },
  /** Buttons that run a command. Slack refuses an action id that is twice in a block. */
  commands: Array.from({ length: 10 }, (_button, index) => commandActionId(index)),
} as const;

/** Every action id that has a listener. */
export const handledActionIds: readonly string[] = [
  actionIds.ok,
  actionIds.cancel,
  actionIds.show,
  actionIds.keepPaused,
  ...Object.values(actionIds.pauseEnd),
  ...Object.values(actionIds.wait),
  actionIds.runbook,
  ...Object.values(actionIds.alert),
  ...Object.values(actionIds.request),
  ...Object.values(actionIds.restoreWithout),
  ...Object.values(actionIds.retry),
  ...Object.values(actionIds.page),
  ...Object.values(actionIds.filter),
  ...Object.values(actionIds.homeFilter),
  ...Object.values(actionIds.batch),
  actionIds.showDialog,
  ...Object.values(actionIds.historyPage),
  ...Object.values(actionIds.links),
  ...Object.values(actionIds.run),
  ...actionIds.commands,
];

/** Matches every action id without a listener. Bolt runs all listeners that match. */
export const outdatedActionIdPattern = new RegExp(`^(?!(?:${handledActionIds.join('|')})$)`, 's');
export const requestActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.request).join('|')})$`);
export const alertActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.alert).join('|')})$`);
export const pageActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.page).join('|')})$`);
export const filterActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.filter).join('|')})$`);
export const commandActionIdPattern = new RegExp(`^(?:${actionIds.commands.join('|')})$`);
/** The menus of projects. In one of them the choice shows the project. */
export const projectMenuActionIdPattern = new RegExp(`^(?:${actionIds.run.project}|${actionIds.show})$`);
export const homeFilterActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.homeFilter).join('|')})$`);
export const linksPageActionIdPattern = new RegExp(`^(?:${actionIds.links.next}|${actionIds.links.previous})$`);
export const historyPageActionIdPattern = new RegExp(`^(?:${Object.values(actionIds.historyPage).join('|')})$`);

/** A block id. It differs for each version of a message, as Slack requires. */
export function blockId(part: string, ...version: readonly (string | number)[]): string {
  return ['sync', part, ...version].join(':').slice(0, 255);
}

/**
 * The form of `/sync` without a command: its callback id, that of a form which only shows the project, and the ids of its
 * inputs. The action ids of the menu of projects are in `actionIds`.
 */
export const runForm = {
  callbackId: 'sync:v1:run',
  showCallbackId: 'sync:v1:run:show',
  projectBlockId: blockId('run-project'),
  selectionBlockId: blockId('run', 'selection'),
  selectionInput: 'sync:v1:run:selection',
  /** The block id of the action while no project is chosen. */
  anyActionBlockId: blockId('run-action'),
  actionInput: 'sync:v1:run:action',
  reasonBlockId: blockId('run', 'reason'),
  reasonInput: 'sync:v1:run:reason',
  limitBlockId: blockId('run', 'limit'),
  limitInput: 'sync:v1:run:limit',
  whenBlockId: blockId('run', 'when'),
  whenInput: 'sync:v1:run:when',
  /** The values of its options. */
  atOnce: 'at-once',
  whenCaughtUp: 'caught-up',
} as const;

/** The callback id of a confirmation in a modal. */
export const confirmationCallbackId = 'sync:v1:confirmation';

/** The block id of the action for a chosen project. Slack keeps what a person chose as long as the id stays. */
export function runActionBlockId(project: ProjectId, ...version: readonly (string | number)[]): string {
  return blockId('run', project, ...version);
}

/** Returns the project in the block id of the action, or null. */
export function readRunActionBlockId(id: string): ProjectId | null {
  const [, project] = /^sync:run:([^:]+)(?::|$)/.exec(id) ?? [];
  return readProjectId(project);
}

/** The callback id of the message shortcut in `manifest.yml`. */
export const messageShortcutId = 'sync:v1:message';

/** The block id of the text of a message about one project. The message shortcut reads the project from it. */
export function projectBlockId(project: ProjectId, ...version: readonly (string | number)[]): string {
  return blockId('project', project, ...version);
}

/** Returns the project in a block id, or null. */
export function readProjectBlockId(id: unknown): ProjectId | null {
  const [, project] = typeof id === 'string' ? (/^sync:project:([^:]+)(?::|$)/.exec(id) ?? []) : [];
  return readProjectId(project);
}

/** From where a modal was opened. Both are null for a modal from the Home tab. */
const modalOriginSchema = z.object({ channel: z.string().nullable(), threadTs: z.string().nullable() });
export type ModalOrigin = Readonly<z.infer<typeof modalOriginSchema>>;

/**
 * The `private_metadata` of a modal: Slack sends it with each press in it. `confirmation`: the value of OK, if the modal shows a
 * confirmation.
 */
export function modalMetadata({ channel, threadTs }: ModalOrigin, confirmation?: string): string {
  return JSON.stringify({ channel, threadTs, ...(confirmation === undefined ? {} : { operation: confirmation }) });
}

/** Returns the origin in the `private_metadata` of a modal, or null. */
export function readModalMetadata(metadata: string): ModalOrigin | null {
  const origin = modalOriginSchema.safeParse(parseJson(metadata));
  return origin.success ? origin.data : null;
}

const confirmationMetadataSchema = z.object({ operation: z.unknown() });

/** Returns the value of OK in the `private_metadata` of a confirmation, or null. It names an operation or a batch. */
export function readConfirmationMetadata(metadata: string): string | null {
  const value = confirmationMetadataSchema.safeParse(parseJson(metadata)).data?.operation;
  const ref = readOperationRef(value);
  return ref === null ? readBatchId(value) : operationRefValue(ref);
}

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

/** The action id of the button with this number in a message that suggests commands. */
export function commandActionId(index: number): string {
  return `sync:v1:command:${index}`;
}

/** Returns the operation kind of a request button's action id, or null. */
export function readOperationKind(actionId: string): ProjectOperationKind | null {
  return projectOperationKinds.find((kind) => actionIds.request[kind] === actionId) ?? null;
}

/** Returns what a button of an alert does, by its action id, or null. */
export function readAlertPress(actionId: string): AlertPress | null {
  return alertPresses.find((press) => actionIds.alert[press] === actionId) ?? null;
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

/** Returns what a button's value contains, or null. */
function readJson<T>(schema: z.ZodType<T>, value: unknown): T | null {
  return schema.safeParse(typeof value === 'string' ? parseJson(value) : null).data ?? null;
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}
