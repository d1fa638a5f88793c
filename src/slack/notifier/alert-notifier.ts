import type { Logger } from '../../application/context.ts';
import type { AlertStore, OperationStore, ProjectStore } from '../../application/stores.ts';
import {
  type Alert,
  type AlertRecord,
  type DeliveredAlert,
  type FiringAlert,
  needsNotification,
} from '../../domain/alert.ts';
import { type AlertKind, alertKinds } from '../../domain/conditions.ts';
import type { MessageRef } from '../../domain/operation.ts';
import { isSlackUser, type Project, type ProjectId } from '../../domain/project.ts';
import { childLogger } from '../../logging/child-logger.ts';
import type { ResolvedAlertFacts } from '../../messages/facts.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildAlert, buildResolvedAlert } from '../views/alert.ts';
import type { Message } from '../views/blocks.ts';
import { type ChatClient, postOrUpdate } from './channel-message.ts';

export interface AlertNotifierOptions {
  readonly projects: Pick<ProjectStore, 'read'>;
  readonly operations: Pick<OperationStore, 'read'>;
  readonly alerts: Pick<AlertStore, 'markNotified'>;
  readonly client: ChatClient;
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may appear in channels. */
  readonly showErrors: boolean;
  readonly log: Logger;
}

/**
 * These alerts are also posted after they have resolved: tasks may have run while people believed that they were paused.
 * `queue_created` resolves within one cycle, often before it is posted.
 */
const notifiedAfterResolution: ReadonlySet<AlertKind> = new Set([
  'unexpectedly_running',
  'pause_ignored',
  'queue_created',
]);

/**
 * Keeps the alert messages of a project up to date in its channel: one message per alert, edited while it fires and when it
 * resolves. Throws `RetryLaterError` when Slack asks for it. An alert that cannot be delivered needs notification until it
 * can: the sweep adds the job again.
 */
export async function notifyAlerts(options: AlertNotifierOptions, id: ProjectId): Promise<void> {
  const project = await options.projects.read(id);
  if (project === null) return;
  for (const kind of alertKinds) {
    const record = project.alerts[kind];
    if (record === undefined || !needsNotification(record)) continue;
    const result = await notifyAlert(options, { project, kind, ...record });
    if (result.kind === 'cannot_post') continue;
    const { delivered } = result;
    const isNewMessage = delivered.message !== null && delivered.message.ts !== record.delivered?.message?.ts;
    await options.alerts.markNotified(id, kind, delivered, isNewMessage);
  }
}

interface AlertNotification extends AlertRecord {
  readonly project: Project;
  readonly kind: AlertKind;
}

type NotifyResult =
  | { readonly kind: 'delivered'; readonly delivered: DeliveredAlert }
  | { readonly kind: 'cannot_post' };

async function notifyAlert(options: AlertNotifierOptions, notification: AlertNotification): Promise<NotifyResult> {
  const { alert } = notification;
  return alert.state === 'firing' ? notifyFiring(options, notification, alert) : notifyResolved(options, notification);
}

/** Posts or updates the message of a firing alert. The message of an earlier occurrence is resolved first. */
async function notifyFiring(
  options: AlertNotifierOptions,
  notification: AlertNotification,
  alert: FiringAlert,
): Promise<NotifyResult> {
  const { seq, since } = alert;
  const { delivered } = notification;
  const isSameOccurrence = delivered?.since === since;
  const firingMessage = firingMessageOf(delivered);
  if (firingMessage !== null && !isSameOccurrence) {
    await updateResolved(options, notification, { messageRef: firingMessage, ...unknownEnd });
  }
  const content = buildAlert({ ...options, ...notification }, alert);
  const messageRef = isSameOccurrence ? delivered.message : null;
  const updated = await post(options, notification, { content, messageRef });
  // The channel of the old message is closed: post a new message where that is possible.
  const result =
    updated.kind === 'cannot_post' && messageRef !== null
      ? await post(options, notification, { content, messageRef: null })
      : updated;
  if (result.kind === 'cannot_post') return result;
  return { kind: 'delivered', delivered: { seq, since, message: messageOf(result), resolved: false } };
}

async function notifyResolved(options: AlertNotifierOptions, notification: AlertNotification): Promise<NotifyResult> {
  const { alert, delivered, kind } = notification;
  const { seq, since } = alert;
  const isSameOccurrence = delivered?.since === since;
  const firingMessage = firingMessageOf(delivered);
  if (firingMessage !== null) {
    const end = isSameOccurrence ? resolutionOf(alert) : unknownEnd;
    const message = await updateResolved(options, notification, { messageRef: firingMessage, ...end });
    return { kind: 'delivered', delivered: { seq, since: delivered?.since ?? since, message, resolved: true } };
  }
  const resolvedBeforePosting = alert.state === 'resolved' && !isSameOccurrence && notifiedAfterResolution.has(kind);
  if (!resolvedBeforePosting) {
    const message = delivered?.message ?? null;
    return { kind: 'delivered', delivered: { seq, since, message, resolved: true } };
  }
  const content = buildResolvedAlert(resolvedFacts(options, notification, resolutionOf(alert)));
  const result = await post(options, notification, { content, messageRef: null });
  if (result.kind === 'cannot_post') return result;
  return { kind: 'delivered', delivered: { seq, since, message: messageOf(result), resolved: true } };
}

/** The message that still shows the alert as firing, or null. */
function firingMessageOf(delivered: DeliveredAlert | null): MessageRef | null {
  return delivered === null || delivered.resolved ? null : delivered.message;
}

/** When an occurrence ended, and what was observed last. */
type Resolution = Pick<ResolvedAlertFacts, 'occurrence' | 'condition'>;

const unknownEnd: Resolution = { occurrence: null, condition: null };

function resolutionOf(alert: Alert): Resolution {
  const { since, changedAt, condition = null } = alert;
  return { occurrence: { since, resolvedAt: changedAt }, condition };
}

function resolvedFacts(
  { format, showErrors }: AlertNotifierOptions,
  { project, kind }: AlertNotification,
  resolution: Resolution,
): ResolvedAlertFacts {
  return { project, kind, format, revealReasons: showErrors, ...resolution };
}

interface ResolvedUpdate extends Resolution {
  readonly messageRef: MessageRef;
}

/** Returns the message that shows the resolution. It stays the old one when Slack does not accept the update. */
async function updateResolved(
  options: AlertNotifierOptions,
  notification: AlertNotification,
  { messageRef, ...resolution }: ResolvedUpdate,
): Promise<MessageRef> {
  const content = buildResolvedAlert(resolvedFacts(options, notification, resolution));
  const result = await post(options, notification, { content, messageRef });
  return messageOf(result) ?? messageRef;
}

interface AlertPost {
  readonly content: Message;
  /** The message to update. Null to post a new one. */
  readonly messageRef: MessageRef | null;
}

type AlertPostResult =
  | { readonly kind: 'posted'; readonly message: MessageRef }
  /** There is no channel to post to. `show` and the history still have the alert. */
  | { readonly kind: 'no_channel' }
  | { readonly kind: 'cannot_post' };

function messageOf(result: AlertPostResult): MessageRef | null {
  return result.kind === 'posted' ? result.message : null;
}

async function post(
  { client, operations, log }: AlertNotifierOptions,
  { project, kind }: AlertNotification,
  { content, messageRef }: AlertPost,
): Promise<AlertPostResult> {
  const alertLog = childLogger(log, { project: project.id, kind });
  const channels = messageRef === null ? await candidateChannels(operations, project) : [messageRef.channel];
  for (const channel of channels) {
    const result = await postOrUpdate({ client, log: alertLog }, content, { messageRef, channel });
    if (result.kind === 'posted') return { kind: 'posted', message: result.messageRef };
    alertLog.warn({ channel, code: result.code }, 'alert not delivered to the channel');
  }
  if (channels.length > 0) return { kind: 'cannot_post' };
  alertLog.warn({}, 'alert not delivered: the project has no channel');
  return { kind: 'no_channel' };
}

/** The project's channel, the channel of its last operation, and the person who last changed it, in this order. */
export async function candidateChannels(
  operations: AlertNotifierOptions['operations'],
  { id, definition, lastOperation, by }: Project,
): Promise<string[]> {
  const operation = lastOperation === null ? null : await operations.read({ project: id, operation: lastOperation });
  const channels = [definition.channel, operation?.channel ?? null, isSlackUser(by) ? by : null];
  return [...new Set(channels.filter((channel) => channel !== null))];
}
