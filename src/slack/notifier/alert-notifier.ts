import { alertDestination, candidateChannels } from '../../application/alert-channels.ts';
import type { AlertGroupStore, AlertStore, StoredChannelAlerts } from '../../application/alert-store.ts';
import type { Logger } from '../../application/context.ts';
import { RetryLaterError } from '../../application/errors.ts';
import type { OperationStore } from '../../application/operation-store.ts';
import type { NotificationQueue } from '../../application/ports.ts';
import type { ProjectStore } from '../../application/project-store.ts';
import type { ServerClock } from '../../application/stores.ts';
import {
  type AlertGroup,
  type ChannelAlerts,
  type GroupTimes,
  isBroadcast,
  isFiring,
} from '../../domain/alert-group.ts';
import { alertKinds, severities } from '../../domain/conditions.ts';
import { groupAlerts, noChannel, type ObservedAlert } from '../../domain/group-alerts.ts';
import {
  afterRateLimit,
  afterRecording,
  afterRefusal,
  afterReply,
  afterWriting,
  type Delivery,
  forgetGroup,
  nextDelivery,
} from '../../domain/next-delivery.ts';
import { mentionsFor, type OnCallRule } from '../../domain/on-call.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { toChunks } from '../../lib/async.ts';
import type { Formatter } from '../../messages/format.ts';
import { messageFor } from '../views/without-buttons.ts';
import { buildGroupMessage, buildGroupReply, shownProjects } from './alert-message.ts';
import { type ChatClient, postOrUpdate, postReply } from './channel-message.ts';

export interface AlertNotifierOptions {
  readonly projects: Pick<ProjectStore, 'readMany'>;
  readonly operations: Pick<OperationStore, 'read'>;
  readonly alerts: Pick<AlertStore, 'markNotified'>;
  readonly alertGroups: AlertGroupStore;
  readonly notifications: Pick<NotificationQueue, 'alertsDueIn'>;
  readonly serverClock: ServerClock;
  readonly groupTimes: GroupTimes;
  /** `settings.channelsWithoutButtons` of syncbot.yml. */
  readonly channelsWithoutButtons: readonly string[];
  readonly client: ChatClient;
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may appear in channels. */
  readonly showErrors: boolean;
  /** `policy.onCall` of syncbot.yml. */
  readonly onCallRules: readonly OnCallRule[];
  readonly log: Logger;
}

/** Alerts that change while a job runs are collected for this time before the next job. */
const collectMs = 250;
const chunkSize = 50;

/**
 * Delivers the alerts of a channel: groups those that have changed, then writes messages and replies as they become due. Asks
 * for another job when the next one is due. BullMQ runs one job of a channel at a time. An alert that cannot be delivered
 * stays due, and the sweep asks for another job.
 *
 * What was posted is stored right after Slack has accepted it. If the process is killed in between, it is posted again.
 */
export async function notifyAlerts(options: AlertNotifierOptions, channel: string): Promise<void> {
  const { alertGroups, notifications, serverClock, groupTimes } = options;
  let stored = await alertGroups.read(channel);
  for (;;) {
    stored = await observe({ ...options, channel, stored }, await alertGroups.takeChanged(channel));
    const now = await serverClock.now();
    const delivery = nextDelivery(stored.alerts, now, groupTimes);
    if (delivery.kind === 'wait') {
      if (delivery.until !== null) await notifications.alertsDueIn(channel, delivery.until - now);
      break;
    }
    stored = await deliver({ ...options, channel, stored }, delivery, now);
  }
  // Such a change may have asked for a job before this one asked for a later one, which replaced it.
  if (await alertGroups.hasChanged(channel)) await notifications.alertsDueIn(channel, collectMs);
}

interface ChannelRun extends AlertNotifierOptions {
  readonly channel: string;
  readonly stored: StoredChannelAlerts;
}

/** Brings the groups up to date with the records of these projects. */
async function observe(run: ChannelRun, ids: readonly ProjectId[]): Promise<StoredChannelAlerts> {
  return (await observeProjects(run, ids)).stored;
}

type ObservedProjects = Pick<ChannelRun, 'stored'> & { readonly projects: ReadonlyMap<ProjectId, Project> };

async function observeProjects(run: ChannelRun, ids: readonly ProjectId[]): Promise<ObservedProjects> {
  const { channel, stored, serverClock, groupTimes, log } = run;
  if (ids.length === 0) return { stored, projects: new Map() };
  const [read, now] = await Promise.all([run.projects.readMany(ids), serverClock.now()]);
  const projects = new Map(read.map((project) => [project.id, project]));
  const observed = await Promise.all(ids.map((id) => toObserved(run, id, projects.get(id) ?? null)));
  const { alerts, silent } = groupAlerts(stored.alerts, observed.flat(), { ...groupTimes, channel, now });
  for (const { project, kind, delivered } of silent) {
    if (channel === noChannel && !delivered.resolved)
      log.warn({ project, kind }, 'alert not delivered: the project has no channel');
    await run.alerts.markNotified(project, kind, delivered);
  }
  return { stored: await save(run, alerts), projects };
}

async function toObserved(
  { operations, stored, onCallRules }: ChannelRun,
  id: ProjectId,
  project: Project | null,
): Promise<ObservedAlert[]> {
  const groups = [...stored.alerts.groups.values()].filter(({ members }) => members.has(id));
  const kinds = alertKinds.filter(
    (kind) => project?.alerts[kind] !== undefined || groups.some((group) => group.kind === kind),
  );
  const destination = project === null || kinds.length === 0 ? noChannel : await alertDestination(operations, project);
  return kinds.map((kind) => {
    const calls = project === null ? [] : mentionsFor(onCallRules, [project], severities[kind]);
    return { project: id, kind, record: project?.alerts[kind] ?? null, destination, calls };
  });
}

async function save(
  { alertGroups, channel, stored }: Pick<ChannelRun, 'alertGroups' | 'channel' | 'stored'>,
  after: ChannelAlerts,
): Promise<StoredChannelAlerts> {
  const { alerts: before, version } = stored;
  if (after === before) return stored;
  const saved = await alertGroups.save(channel, { before, after, expectedVersion: version });
  if (saved.kind === 'conflict') throw new Error('another process has written the alert groups of this channel');
  return { alerts: after, version: version + 1 };
}

type DueDelivery = Exclude<Delivery, { readonly kind: 'wait' }>;
type WrittenDelivery = Extract<Delivery, { readonly kind: 'post' | 'edit' | 'reply' }>;

async function deliver(run: ChannelRun, delivery: DueDelivery, now: number): Promise<StoredChannelAlerts> {
  const { alerts } = run.stored;
  const group = alerts.groups.get(delivery.group);
  if (group === undefined) return run.stored;
  switch (delivery.kind) {
    case 'record':
      await record(run, group);
      return save(run, afterRecording(alerts, delivery.group));
    case 'forget':
      return save(run, forgetGroup(alerts, delivery.group));
    default:
      return write(run, delivery, now);
  }
}

/** Stores with each project what the message of the group shows. */
async function record({ alerts, channel }: ChannelRun, { kind, members, message }: AlertGroup): Promise<void> {
  const due = [...members].filter(([, { isRecorded }]) => !isRecorded);
  for (const chunk of toChunks(due, chunkSize)) {
    await Promise.all(
      chunk.map(([project, member]) => {
        const { seq, since } = member;
        const resolved = !isFiring(member);
        return alerts.markNotified(project, kind, { seq, since, message, resolved, destination: channel });
      }),
    );
  }
}

/** Writes to Slack, with the newest records of the projects that the text shows. */
async function write(run: ChannelRun, delivery: WrittenDelivery, now: number): Promise<StoredChannelAlerts> {
  const before = run.stored.alerts.groups.get(delivery.group);
  if (before === undefined) return run.stored;
  const shown = delivery.kind === 'post' ? [...before.members.keys()] : shownProjects(before);
  const { stored, projects } = await observeProjects(run, shown);
  const group = stored.alerts.groups.get(delivery.group);
  const next = nextDelivery(stored.alerts, now, run.groupTimes);
  if (group === undefined || next.kind !== delivery.kind || next.group !== delivery.group) return stored;
  try {
    return await send({ ...run, stored }, { delivery, group, projects, now });
  } catch (error) {
    if (!(error instanceof RetryLaterError)) throw error;
    return save({ ...run, stored }, afterRateLimit(stored.alerts, now + error.delayMs));
  }
}

interface Sent {
  readonly delivery: WrittenDelivery;
  readonly group: AlertGroup;
  readonly projects: ReadonlyMap<ProjectId, Project>;
  readonly now: number;
}

async function send(run: ChannelRun, { delivery, group, projects, now }: Sent): Promise<StoredChannelAlerts> {
  const { client, log, format, showErrors, onCallRules, stored } = run;
  const { alerts } = stored;
  const id = delivery.group;
  const channel = group.message?.channel ?? group.channel ?? run.channel;
  const context = { format, showErrors, onCallRules, now, target: { channel: run.channel, group: id } };
  if (delivery.kind === 'reply' && group.message !== null) {
    const reply = buildGroupReply(group, delivery.event, projects, context);
    const target = { messageRef: group.message, isBroadcast: isBroadcast(group.kind, delivery.event) };
    const replied = await postReply({ client, log }, reply, target);
    if (replied.kind === 'cannot_post') logRefusal(run, group, { channel, code: replied.code });
    return save(run, afterReply(alerts, id, now));
  }
  const content = messageFor(channel, buildGroupMessage(group, projects, context), run);
  const result = await postOrUpdate({ client, log }, content, { messageRef: group.message, channel });
  if (result.kind === 'posted') {
    const { messageRef: message } = result;
    return save(run, afterWriting(alerts, id, { message, isNew: message.ts !== group.message?.ts, now }));
  }
  logRefusal(run, group, { channel, code: result.code });
  const next = await nextChannels(run, group);
  return save(
    run,
    afterRefusal(alerts, id, (project) => next.get(project) ?? null),
  );
}

/** For each project of the group, the channel after those that have refused it. */
async function nextChannels(
  { projects, operations }: ChannelRun,
  { members, refusals }: AlertGroup,
): Promise<ReadonlyMap<ProjectId, string>> {
  const next = new Map<ProjectId, string>();
  for (const project of await projects.readMany([...members.keys()])) {
    const channel = (await candidateChannels(operations, project))[refusals + 1];
    if (channel !== undefined) next.set(project.id, channel);
  }
  return next;
}

function logRefusal(
  { log }: ChannelRun,
  { kind, members }: AlertGroup,
  refusal: { readonly channel: string; readonly code: string },
): void {
  const [project] = members.keys();
  log.warn({ project, kind, alerts: members.size, ...refusal }, 'alert not delivered to the channel');
}
