import type { Logger } from '../../application/context.ts';
import { readObservationStatus } from '../../application/queries.ts';
import type {
  ObservationMessage,
  ObservationStore,
  OperationStore,
  ProjectStore,
  ServerClock,
} from '../../application/stores.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildNotObserved, buildObservedAgain } from '../views/not-observed.ts';
import { candidateChannels } from './alert-notifier.ts';
import { type ChatClient, postOrUpdate } from './channel-message.ts';

export interface ObservationNotifierOptions {
  readonly projects: Pick<ProjectStore, 'listIds' | 'readMany'>;
  readonly operations: Pick<OperationStore, 'read'>;
  readonly observations: ObservationStore;
  readonly serverClock: ServerClock;
  readonly client: ChatClient;
  readonly format: Formatter;
  readonly log: Logger;
}

/**
 * Posts one message to each channel of a project when no worker observes the links, and edits it when one does again. Throws
 * `RetryLaterError` when Slack asks for it. A message that cannot be delivered is due again at the next sweep.
 */
export async function notifyObservation(options: ObservationNotifierOptions): Promise<void> {
  const status = await readObservationStatus(options);
  const messages = await options.observations.readMessages();
  const isCurrent = ({ since }: ObservationMessage) => status.kind === 'not_observed' && since === status.since;
  for (const message of messages) if (!isCurrent(message)) await updateObservedAgain(options, message);
  if (status.kind === 'observed') return;
  const alerted = new Set(messages.filter(isCurrent).map(({ channel }) => channel));
  for (const [channel, projects] of await projectsByChannel(options)) {
    if (!alerted.has(channel)) await postNotObserved(options, { channel, projects, since: status.since });
  }
}

interface NotObserved {
  readonly channel: string;
  readonly projects: readonly ProjectId[];
  readonly since: number | null;
}

async function postNotObserved(
  { client, log, observations, format }: ObservationNotifierOptions,
  { channel, projects, since }: NotObserved,
): Promise<void> {
  const content = buildNotObserved({ projects, since, format });
  const result = await postOrUpdate({ client, log }, content, { messageRef: null, channel });
  if (result.kind === 'posted') await observations.saveMessage({ channel, since, message: result.messageRef });
  else log.warn({ channel, code: result.code }, 'channel not alerted that no worker observes the links');
}

/** A message that Slack does not let the bot update keeps its text. */
async function updateObservedAgain(
  { client, log, observations, format }: ObservationNotifierOptions,
  { channel, since, message }: ObservationMessage,
): Promise<void> {
  const until = (await observations.readLastCycle())?.completedAt ?? null;
  await postOrUpdate({ client, log }, buildObservedAgain({ since, until, format }), { messageRef: message, channel });
  await observations.removeMessage(channel);
}

/** The projects by the channel that gets their alerts. */
async function projectsByChannel({
  projects,
  operations,
}: ObservationNotifierOptions): Promise<ReadonlyMap<string, readonly ProjectId[]>> {
  const channels = new Map<string, ProjectId[]>();
  for (const project of await projects.readMany(await projects.listIds())) {
    const [channel] = await candidateChannels(operations, project);
    if (channel !== undefined) channels.set(channel, [...(channels.get(channel) ?? []), project.id]);
  }
  return channels;
}
