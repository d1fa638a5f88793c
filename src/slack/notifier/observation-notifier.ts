import { candidateChannels } from '../../application/alert-channels.ts';
import type { Logger } from '../../application/context.ts';
import type { OperationStore } from '../../application/operation-store.ts';
import type { ProjectStore } from '../../application/project-store.ts';
import { readObservationStatus } from '../../application/queries.ts';
import type { ObservationMessage, ObservationStore, ServerClock } from '../../application/stores.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildNotObserved, buildObservedAgain } from '../views/not-observed.ts';
import { type ChatClient, type PostResult, postOrUpdate } from './channel-message.ts';

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
 * Posts one message to each channel of a project when no worker observes the links, and edits it when one does again. If
 * Slack refuses a channel, its projects use the next place that gets their alerts, at last a direct message. Throws
 * `RetryLaterError` when Slack asks for it. A message that cannot be delivered is due again at the next sweep.
 */
export async function notifyObservation(options: ObservationNotifierOptions): Promise<void> {
  const status = await readObservationStatus(options);
  const messages = await options.observations.readMessages();
  const isCurrent = ({ since }: ObservationMessage) => status.kind === 'not_observed' && since === status.since;
  for (const message of messages) if (!isCurrent(message)) await updateObservedAgain(options, message);
  if (status.kind !== 'not_observed') return;
  const alerted = new Set(messages.filter(isCurrent).map(({ channel }) => channel));
  const refused = new Set<string>();
  for (
    let pending = await listDestinations(options);
    pending.length > 0;
    pending = nextDestinations(pending, refused)
  ) {
    for (const [channel, projects] of groupByChannel(pending)) {
      if (alerted.has(channel) || refused.has(channel)) continue;
      const result = await postNotObserved(options, { channel, projects, since: status.since });
      (result.kind === 'posted' ? alerted : refused).add(channel);
    }
  }
}

/** Where the alerts of a project are posted. Slack may refuse the first channels. */
interface Destinations {
  readonly project: ProjectId;
  readonly channels: readonly string[];
}

interface NotObserved {
  readonly channel: string;
  readonly projects: readonly ProjectId[];
  readonly since: number | null;
}

async function postNotObserved(
  { client, log, observations, format }: ObservationNotifierOptions,
  { channel, projects, since }: NotObserved,
): Promise<PostResult> {
  const content = buildNotObserved({ projects, since, format });
  const result = await postOrUpdate({ client, log }, content, { messageRef: null, channel });
  if (result.kind === 'posted') await observations.saveMessage({ channel, since, message: result.messageRef });
  else log.warn({ channel, code: result.code }, 'channel not alerted that no worker observes the links');
  return result;
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

async function listDestinations({ projects, operations }: ObservationNotifierOptions): Promise<Destinations[]> {
  const destinations: Destinations[] = [];
  for (const project of await projects.readMany(await projects.listIds())) {
    destinations.push({ project: project.id, channels: await candidateChannels(operations, project) });
  }
  return destinations;
}

/** The projects whose first channel was refused, with their other channels. */
function nextDestinations(destinations: readonly Destinations[], refused: ReadonlySet<string>): Destinations[] {
  return destinations
    .filter(({ channels: [first] }) => first !== undefined && refused.has(first))
    .map(({ project, channels }) => ({ project, channels: channels.slice(1) }));
}

/** The projects by their first channel. */
function groupByChannel(destinations: readonly Destinations[]): ReadonlyMap<string, readonly ProjectId[]> {
  const groups = new Map<string, ProjectId[]>();
  for (const {
    project,
    channels: [channel],
  } of destinations) {
    if (channel !== undefined) groups.set(channel, [...(groups.get(channel) ?? []), project]);
  }
  return groups;
}
