import { pressedAt } from './acknowledgement.ts';
import { flappingWindowMs } from './alert.ts';
import {
  type AlertGroup,
  type AlertMember,
  type ChannelAlerts,
  endedAcknowledgements,
  type GroupEvent,
  type GroupTimes,
  groupEvent,
  isCritical,
  isFiring,
  nextAcknowledgementEnd,
  severityRank,
  someMember,
  summarizeFiring,
} from './alert-group.ts';
import type { MessageRef } from './operation.ts';
import type { ProjectId } from './project.ts';

/**
 * What the notifier does next for the alerts of a channel:
 *
 * - `post`, `edit`, `reply`: writes the message of a group, or a reply in its thread.
 * - `record`: records with the projects what the message shows.
 * - `forget`: removes a group whose alerts were resolved long ago.
 * - `wait`: nothing before `until`. It is null if only a change of an alert gives something to do.
 */
export type Delivery =
  | { readonly kind: 'post'; readonly group: string }
  | { readonly kind: 'edit'; readonly group: string }
  | { readonly kind: 'record'; readonly group: string }
  | { readonly kind: 'forget'; readonly group: string }
  | { readonly kind: 'reply'; readonly group: string; readonly event: GroupEvent }
  | { readonly kind: 'wait'; readonly until: number | null };

/** Slack accepts about one message a second in a channel (docs.slack.dev/apis/web-api/rate-limits). */
const postIntervalMs = 1_000;
/** Messages of one channel and minute. Critical ones are always posted. */
export const maxPostsPerMinute = 5;
const minuteMs = 60_000;
/** Slack accepts about 50 edits a minute, of all messages together. A large group changes often. */
const editIntervalMs = 1_000;
const editIntervalPerMemberMs = 100;
const forgetAfterMs = flappingWindowMs + minuteMs;

/** The most urgent step that is due: critical groups first, then by kind. */
export function nextDelivery(alerts: ChannelAlerts, now: number, times: GroupTimes): Delivery {
  const steps = [...alerts.groups]
    .map(([id, group]) => ({ group, ...nextStep(alerts, { id, group }, times) }))
    .sort((a, b) => severityRank(a.group) - severityRank(b.group) || a.at - b.at);
  const due = steps.find(({ at }) => at <= now);
  if (due !== undefined) return due.step;
  const until = steps.reduce((earliest, { at }) => Math.min(earliest, at), Number.POSITIVE_INFINITY);
  return { kind: 'wait', until: Number.isFinite(until) ? until : null };
}

interface Step {
  readonly step: Delivery;
  readonly at: number;
}

function nextStep(
  alerts: ChannelAlerts,
  { id, group }: { readonly id: string; readonly group: AlertGroup },
  times: GroupTimes,
): Step {
  const isUrgent = isCritical(group.kind);
  const { openedAt, writtenAt, notified } = group;
  const { nextPostAt, pausedUntil } = alerts;
  if (group.message === null) {
    const isWaiting = group.refusals === 0;
    const readyAt = isWaiting ? openedAt + times.waitMs : 0;
    const freeAt = isWaiting && !isUrgent ? nextFreePost(alerts) : 0;
    return { step: { kind: 'post', group: id }, at: Math.max(readyAt, freeAt, nextPostAt, pausedUntil) };
  }
  if (group.isChanged) {
    const at = Math.max(writtenAt + editInterval(group, times), pausedUntil);
    return { step: { kind: 'edit', group: id }, at };
  }
  if (someMember(group, ({ isRecorded }) => !isRecorded)) return { step: { kind: 'record', group: id }, at: 0 };
  const event = groupEvent(group);
  if (event === null && summarizeFiring(group).count === 0)
    return { step: { kind: 'forget', group: id }, at: writtenAt + forgetAfterMs };
  const edit: Step = { step: { kind: 'edit', group: id }, at: Math.max(nextAcknowledgementEnd(group), pausedUntil) };
  if (event === null) return edit;
  const isPaced = notified.repliedAt > 0 && !isUrgent;
  const at = Math.max(nextPostAt, pausedUntil, isPaced ? notified.repliedAt + times.intervalMs : 0);
  return at <= edit.at ? { step: { kind: 'reply', group: id, event }, at } : edit;
}

function nextFreePost({ posts }: ChannelAlerts): number {
  const [oldest] = posts.slice(-maxPostsPerMinute);
  return oldest === undefined || posts.length < maxPostsPerMinute ? 0 : oldest + minuteMs;
}

/** The last edit of a group is not delayed by the others, nor is the answer to a press. */
function editInterval(group: AlertGroup, { intervalMs }: GroupTimes): number {
  const isPressed = someMember(
    group,
    ({ acknowledgement }) => acknowledgement !== null && pressedAt(acknowledgement) > group.writtenAt,
  );
  if (isCritical(group.kind) || isPressed || summarizeFiring(group).count === 0) return editIntervalMs;
  return Math.min(
    Math.max(intervalMs, editIntervalMs),
    editIntervalMs + editIntervalPerMemberMs * (group.members.size - 1),
  );
}

/** `isNew`: the message is a new one, also in place of one that a person deleted. */
export interface WrittenMessage {
  readonly message: MessageRef;
  readonly isNew: boolean;
  readonly now: number;
}

/** After the message of a group was posted or edited. */
export function afterWriting(
  alerts: ChannelAlerts,
  id: string,
  { message, isNew, now }: WrittenMessage,
): ChannelAlerts {
  const written = update(alerts, id, (group) => ({
    ...group,
    message,
    isChanged: false,
    writtenAt: now,
    notified: isNew ? { ...notifiedNow({ ...group, writtenAt: now }), repliedAt: 0 } : group.notified,
    members: isNew
      ? mapMembers(group, (member) => ({ ...member, isRecorded: member.isRecorded && !isFiring(member) }))
      : group.members,
  }));
  if (!isNew) return written;
  const posts = [...alerts.posts.filter((at) => at > now - minuteMs), now];
  return { ...written, posts, nextPostAt: Math.max(alerts.nextPostAt, now + postIntervalMs) };
}

/** After a reply was posted in the thread of a group, or refused by Slack: a reply is not repeated. */
export function afterReply(alerts: ChannelAlerts, id: string, now: number): ChannelAlerts {
  const replied = update(alerts, id, (group) => ({ ...group, notified: { ...notifiedNow(group), repliedAt: now } }));
  return { ...replied, nextPostAt: Math.max(alerts.nextPostAt, now + postIntervalMs) };
}

/** After the records of these projects have what the message shows. */
export function afterRecording(alerts: ChannelAlerts, id: string): ChannelAlerts {
  return update(alerts, id, (group) => ({
    ...group,
    members: mapMembers(group, (member) => (member.isRecorded ? member : { ...member, isRecorded: true })),
  }));
}

/**
 * After Slack refused a channel. The group is posted in the next channel of each project. An alert that no other channel gets
 * leaves the group: it stays due, and the sweep tries again. A settled group keeps its last message.
 */
export function afterRefusal(
  alerts: ChannelAlerts,
  id: string,
  nextChannel: (project: ProjectId) => string | null,
): ChannelAlerts {
  const group = alerts.groups.get(id);
  if (group === undefined) return alerts;
  if (group.message !== null && summarizeFiring(group).count === 0)
    return update(alerts, id, (refused) => ({ ...refused, isChanged: false, notified: notifiedNow(refused) }));
  const groups = new Map(alerts.groups);
  groups.delete(id);
  for (const [project, member] of group.members) {
    const channel = nextChannel(project);
    if (channel === null) continue;
    const newId = `${id}:${channel}`;
    const part = groups.get(newId) ?? {
      ...group,
      message: null,
      channel,
      refusals: group.refusals + 1,
      members: new Map(),
    };
    groups.set(newId, { ...part, members: new Map(part.members).set(project, member) });
  }
  return { ...alerts, groups };
}

/** After Slack has asked for no call before `until`. */
export function afterRateLimit(alerts: ChannelAlerts, until: number): ChannelAlerts {
  return { ...alerts, pausedUntil: until };
}

export function forgetGroup(alerts: ChannelAlerts, id: string): ChannelAlerts {
  const groups = new Map(alerts.groups);
  groups.delete(id);
  return { ...alerts, groups };
}

function notifiedNow(group: AlertGroup): AlertGroup['notified'] {
  const { count, weight, needsPerson, calls } = summarizeFiring(group);
  return {
    ...group.notified,
    firing: count,
    weight,
    needsPerson,
    calls: [...new Set([...group.notified.calls, ...calls])],
    acknowledgedUntil: Math.max(
      group.notified.acknowledgedUntil,
      ...endedAcknowledgements(group).map(({ until }) => until),
    ),
  };
}

function mapMembers({ members }: AlertGroup, map: (member: AlertMember) => AlertMember) {
  return new Map([...members].map(([project, member]) => [project, map(member)]));
}

function update(alerts: ChannelAlerts, id: string, change: (group: AlertGroup) => AlertGroup): ChannelAlerts {
  const group = alerts.groups.get(id);
  if (group === undefined) return alerts;
  return { ...alerts, groups: new Map(alerts.groups).set(id, change(group)) };
}
