import { type AlertRecord, type DeliveredAlert, needsNotification } from '../../domain/alert.ts';
import { type AlertKind, alertKinds } from '../../domain/conditions.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { childLogger } from '../../logging/child-logger.ts';
import { buildAlert, buildResolvedAlert } from '../views/alert.ts';
import type { Message } from '../views/blocks.ts';
import { isSlackUser } from '../views/mrkdwn.ts';
import { postOrUpdate } from './channel-message.ts';
import type { NotifierOptions } from './operation-notifier.ts';

/** What nobody was told of in time is told when it is over: tasks may have been worked on that were to be held. */
const notifiedAfterResolution: ReadonlySet<AlertKind> = new Set([
  'unexpectedly_running',
  'pause_ignored',
  'queue_created',
]);

/**
 * Brings the alerts of a project up to date in its channel: one message for each, edited in place as it goes on and when it
 * is over. Throws RetryLaterError when Slack asks for that. What could not be told stays due: the sweep asks again, since somebody
 * may invite the bot meanwhile, or name another channel.
 */
export async function notifyAlerts(options: NotifierOptions, id: ProjectId): Promise<void> {
  const project = await options.projects.read(id);
  if (project === null) return;
  for (const kind of alertKinds) {
    const record = project.alerts[kind];
    if (record === undefined || !needsNotification(record)) continue;
    const delivered = await notifyAlert(options, { project, kind, ...record });
    if (delivered === null) continue;
    const isNewMessage = delivered.message !== null && delivered.message.ts !== record.delivered?.message?.ts;
    await options.alerts.markNotified(id, kind, delivered, isNewMessage);
  }
}

interface AlertNotification extends AlertRecord {
  readonly project: Project;
  readonly kind: AlertKind;
}

/** What the channel was told; null: it could not be. */
async function notifyAlert(options: NotifierOptions, notification: AlertNotification): Promise<DeliveredAlert | null> {
  const { kind, alert, delivered } = notification;
  const { seq, since } = alert;
  const isSameOccurrence = delivered !== null && delivered.since === since;
  const firingMessage = delivered !== null && !delivered.resolved ? delivered.message : null;
  if (alert.state === 'firing') {
    if (firingMessage !== null && !isSameOccurrence)
      await notifyResolved(options, notification, { messageRef: firingMessage, durationMs: null });
    const messageRef = isSameOccurrence ? delivered.message : null;
    const firingContent = buildAlert({ ...options, ...notification }, alert);
    const edited = await deliver(options, notification, firingContent, messageRef);
    const message =
      edited === 'closed' && messageRef !== null ? await deliver(options, notification, firingContent, null) : edited;
    return message === 'closed' ? null : { seq, since, message, resolved: false };
  }
  const durationMs = isSameOccurrence || delivered === null ? alert.changedAt - since : null;
  if (firingMessage !== null) {
    const message = await notifyResolved(options, notification, { messageRef: firingMessage, durationMs });
    return { seq, since: delivered?.since ?? since, message, resolved: true };
  }
  const mustNotifyLate = alert.state === 'resolved' && !isSameOccurrence && notifiedAfterResolution.has(kind);
  if (!mustNotifyLate) return { seq, since, message: delivered?.message ?? null, resolved: true };
  const resolvedContent = buildResolvedAlert({ ...options, ...notification, durationMs: alert.changedAt - since });
  const message = await deliver(options, notification, resolvedContent, null);
  return message === 'closed' ? null : { seq, since, message, resolved: true };
}

interface ResolvedUpdate {
  readonly messageRef: NonNullable<DeliveredAlert['message']>;
  /** Null: not known. */
  readonly durationMs: number | null;
}

async function notifyResolved(
  options: NotifierOptions,
  notification: AlertNotification,
  { messageRef, durationMs }: ResolvedUpdate,
): Promise<DeliveredAlert['message']> {
  const result = await deliver(
    options,
    notification,
    buildResolvedAlert({ ...options, ...notification, durationMs }),
    messageRef,
  );
  return result === 'closed' ? messageRef : result;
}

/** Where it stands now; null: there is nowhere to tell it, but the history and `show` have it. */
async function deliver(
  { client, operations, log }: NotifierOptions,
  { project, kind }: AlertNotification,
  message: Message,
  messageRef: DeliveredAlert['message'],
): Promise<DeliveredAlert['message'] | 'closed'> {
  const channels = await candidateChannels(operations, project, messageRef);
  const alertLog = childLogger(log, { project: project.id, kind });
  for (const channel of channels) {
    const result = await postOrUpdate(client, message, { messageRef, channel }, alertLog);
    if (result.kind === 'put') return result.messageRef;
    alertLog.warn({ channel, code: result.code }, 'alert could not be told in the channel');
  }
  if (channels.length > 0) return 'closed';
  alertLog.warn({}, 'alert could not be told: the project names no channel');
  return null;
}

/** Where it stands already; else the project's own channel, where it was last dealt with, and whoever dealt with it. */
async function candidateChannels(
  operations: NotifierOptions['operations'],
  { id, definition, lastOperation, by }: Project,
  messageRef: DeliveredAlert['message'],
): Promise<string[]> {
  if (messageRef !== null) return [messageRef.channel];
  const operation = lastOperation === null ? null : await operations.read({ project: id, operation: lastOperation });
  const channels = [definition.channel, operation?.channel ?? null, isSlackUser(by) ? by : null];
  return [...new Set(channels.filter((channel) => channel !== null))];
}
