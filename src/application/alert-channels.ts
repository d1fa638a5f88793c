import { type AlertRecord, deliveredTo, needsNotification } from '../domain/alert.ts';
import { noChannel } from '../domain/group-alerts.ts';
import { isSlackUser, lastChangedBy, type Project, type ProjectId } from '../domain/project.ts';
import type { AlertGroupStore } from './alert-store.ts';
import type { OperationStore } from './operation-store.ts';
import type { NotificationQueue } from './ports.ts';

type Operations = Pick<OperationStore, 'read'>;

/** The project's channel, the channel of its last operation, and the person who last changed it, in this order. */
export async function candidateChannels(operations: Operations, project: Project): Promise<string[]> {
  const { id, definition, lastOperation } = project;
  const person = lastChangedBy(project);
  const operation = lastOperation === null ? null : await operations.read({ project: id, operation: lastOperation });
  const channels = [definition.channel, operation?.channel ?? null, isSlackUser(person) ? person : null];
  return [...new Set(channels.filter((channel) => channel !== null))];
}

/** The channel that gets a new alert of the project, or `noChannel`. */
export async function alertDestination(operations: Operations, project: Project): Promise<string> {
  // Most projects have a channel. The last operation is not read then.
  if (project.definition.channel !== null) return project.definition.channel;
  return (await candidateChannels(operations, project))[0] ?? noChannel;
}

export interface AlertDeliveryPorts {
  readonly operations: Operations;
  readonly alertGroups: Pick<AlertGroupStore, 'addChanged'>;
  readonly notifications: Pick<NotificationQueue, 'alertsChanged'>;
}

export interface ChangedAlerts {
  readonly project: Project;
  /** As they are now. */
  readonly alerts: readonly AlertRecord[];
}

/**
 * Asks the notifier to deliver changed alerts, once for each channel: where new alerts go, and where the messages of the old
 * ones are. `wake`: also if its job waits for its time. Throws `StoreUnavailableError`; the sweep repeats it.
 */
export async function requestAlertDelivery(
  { operations, alertGroups, notifications }: AlertDeliveryPorts,
  changed: readonly ChangedAlerts[],
  { wake }: { readonly wake: boolean },
): Promise<void> {
  const projectsByChannel = new Map<string, ProjectId[]>();
  for (const { project, alerts } of changed) {
    const delivered = alerts.map((record) => deliveredTo(record.delivered));
    const channels = new Set([await alertDestination(operations, project), ...delivered]);
    for (const channel of channels)
      if (channel !== null) projectsByChannel.set(channel, [...(projectsByChannel.get(channel) ?? []), project.id]);
  }
  for (const [channel, projects] of projectsByChannel) {
    const { isFirst } = await alertGroups.addChanged(channel, projects);
    await notifications.alertsChanged(channel, { wake: wake || isFirst });
  }
}

/** The alerts of a project that its channel must be notified of. */
export function dueAlerts({ alerts }: Project): AlertRecord[] {
  return Object.values(alerts).filter(needsNotification);
}
