import { type Alert, type AlertRecord, type DeliveredAlert, deliveredTo, needsNotification } from './alert.ts';
import {
  type AlertGroup,
  type AlertMember,
  type ChannelAlerts,
  conditionWeight,
  type GroupTimes,
  isFiring,
  needsPerson,
  someMember,
} from './alert-group.ts';
import type { AlertKind } from './conditions.ts';
import type { MessageRef } from './operation.ts';
import type { ProjectId } from './project.ts';

/** An alert as its project's record has it now. */
export interface ObservedAlert {
  readonly project: ProjectId;
  readonly kind: AlertKind;
  /** Null if the project does not exist any more. */
  readonly record: AlertRecord | null;
  /** The channel that gets the alert if it has no message yet. */
  readonly destination: string;
  /** Whom a message about it mentions: ids of users and user groups. */
  readonly calls: readonly string[];
}

/** An alert that gets no message. The record of its project still needs `delivered`. */
export interface SilentAlert {
  readonly project: ProjectId;
  readonly kind: AlertKind;
  readonly delivered: DeliveredAlert;
}

export interface GroupedAlerts {
  readonly alerts: ChannelAlerts;
  readonly silent: readonly SilentAlert[];
}

export interface GroupContext extends GroupTimes {
  readonly channel: string;
  /** Epoch ms of the bot's Redis server. */
  readonly now: number;
}

/** The destination of alerts whose project has no channel. They get no message. */
export const noChannel = 'none';
/** Alerts about which a person has to do nothing. The history has them. */
const silentKinds: ReadonlySet<AlertKind> = new Set(['queue_created']);
/** Also posted after they have resolved: tasks may have run while people believed that they were paused. */
const postedAfterResolution: ReadonlySet<AlertKind> = new Set(['unexpectedly_running', 'pause_ignored']);
/** For how many intervals a group accepts alerts at most. Its message scrolls away, and an edit notifies no person. */
const maxIntervals = 10;

/**
 * The groups of a channel after these alerts have changed. An alert that has a message stays in its group. A new one joins the
 * open group of its kind, or opens one.
 *
 * A group is in one of three states:
 *
 * - waiting: it has no message yet, and collects alerts. An alert that resolves leaves it.
 * - posted: its message is edited when its alerts change. It is open for new alerts until none has joined for one interval.
 * - settled: all its alerts are resolved. It is kept while alerts of a flapping kind may fire again.
 *
 * An alert that has a message and no group was delivered by an earlier version. It becomes a group that is not open.
 */
export function groupAlerts(
  before: ChannelAlerts,
  observed: readonly ObservedAlert[],
  context: GroupContext,
): GroupedAlerts {
  const draft: Draft = { groups: new Map(before.groups), copies: new Map() };
  const silent = observed.flatMap((alert): SilentAlert[] => {
    const delivered = applyAlert(draft, alert, context);
    return delivered === null ? [] : [{ project: alert.project, kind: alert.kind, delivered }];
  });
  for (const [id, { members }] of draft.groups) if (members.size === 0) draft.groups.delete(id);
  return { alerts: isUnchanged(before, draft) ? before : { ...before, groups: draft.groups }, silent };
}

/** Returns what the project's record needs if the alert gets no message. */
function applyAlert(draft: Draft, observed: ObservedAlert, context: GroupContext): DeliveredAlert | null {
  const { project, record } = observed;
  const id = findGroup(draft, observed);
  if (id !== null) {
    const { message, refusals, members } = groupOf(draft, id);
    const member = members.get(project);
    const isWaiting = message === null;
    const isOccurrence = record !== null && record.alert.since === member?.since;
    if (isOccurrence && member !== undefined) {
      const isElsewhere = !needsNotification(record) || !isDestination(observed, record, context);
      // A group that Slack refused is posted again, with alerts that were delivered before.
      if (isWaiting && refusals === 0 && isElsewhere) removeMember(draft, id, project);
      else return updateMember(draft, { id, project, member }, { ...observed, record });
      return null;
    }
    if (isWaiting) removeMember(draft, id, project);
    else if (member !== undefined) endMember(draft, { id, project, member }, record);
  }
  if (record === null || !needsNotification(record)) return null;
  return addAlert(draft, { ...observed, record }, context);
}

interface MemberRef {
  readonly id: string;
  readonly project: ProjectId;
  readonly member: AlertMember;
}

function updateMember(
  draft: Draft,
  { id, project, member }: MemberRef,
  { record: { alert, delivered } }: DueAlert,
): DeliveredAlert | null {
  if (alert.seq <= member.seq) return null;
  const { kind, message } = groupOf(draft, id);
  const updated = toMember(alert, member);
  if (message === null && !isFiring(updated) && !postedAfterResolution.has(kind)) {
    removeMember(draft, id, project);
    return unposted(alert, delivered);
  }
  setMember(draft, id, project, alert.state === 'firing' ? updated : { ...member, ...updated, weight: member.weight });
  return null;
}

/** The record of the project has a newer occurrence, or none. */
function endMember(draft: Draft, { id, project, member }: MemberRef, record: AlertRecord | null): void {
  if (!isFiring(member) && member.isRecorded) return;
  const resolvedAt = member.resolvedAt ?? endOf(member, record);
  setMember(draft, id, project, { ...member, resolvedAt, isRecorded: true }, isFiring(member));
}

const unknownEnd = 0;

/** When an earlier occurrence ended. */
function endOf({ since }: Pick<AlertMember, 'since'>, record: AlertRecord | null): number {
  const earlier = record?.alert.earlier;
  return earlier?.since === since ? earlier.resolvedAt : unknownEnd;
}

function toMember(alert: Alert, { calls, resolvedAt: resolvedBefore = null }: KeptFields): AlertMember {
  const { since, seq } = alert;
  const { acknowledgement = null } = alert;
  const fields = { since, seq, calls: [...calls], isRecorded: false, acknowledgement };
  if (alert.state === 'firing') {
    const { condition } = alert;
    return { ...fields, weight: conditionWeight(condition), needsPerson: needsPerson(condition), resolvedAt: null };
  }
  const resolvedAt = alert.state === 'resolved' ? alert.changedAt : (resolvedBefore ?? unknownEnd);
  return { ...fields, weight: 0, needsPerson: true, resolvedAt };
}

interface KeptFields {
  readonly calls: readonly string[];
  readonly resolvedAt?: number | null;
}

type DueAlert = ObservedAlert & { readonly record: AlertRecord };

/** An alert that is in no group. */
function addAlert(draft: Draft, observed: DueAlert, context: GroupContext): DeliveredAlert | null {
  const { project, kind, record } = observed;
  const { alert, delivered } = record;
  const isOccurrence = delivered?.since === alert.since;
  const message = deliveredTo(delivered) === context.channel ? (delivered?.message ?? null) : null;
  if (delivered !== null && message !== null && (isOccurrence ? needsEdit(record) : !delivered.resolved)) {
    const member = isOccurrence
      ? toMember(alert, observed)
      : { ...toMember(alert, observed), ...endedBefore(record, delivered) };
    adopt(draft, { message, kind, project, member, wasFiring: !delivered.resolved });
    if (isOccurrence) return null;
  }
  if (!isDestination(observed, record, context)) return null;
  if (alert.state !== 'firing') {
    const isPosted = alert.state === 'resolved' && !isOccurrence && postedAfterResolution.has(kind);
    if (!isPosted) return unposted(alert, delivered);
  }
  const isSilent = silentKinds.has(kind) || context.channel === noChannel;
  if (isSilent) return { seq: alert.seq, since: alert.since, message: null, resolved: alert.state !== 'firing' };
  const id = findOpenGroup(draft, observed, context) ?? openGroup(draft, kind, context.now);
  setMember(draft, id, project, toMember(alert, observed));
  draft.groups.set(id, { ...groupOf(draft, id), joinedAt: context.now });
  return null;
}

function endedBefore(record: AlertRecord, { since, seq }: DeliveredAlert): Partial<AlertMember> {
  return { since, seq, resolvedAt: endOf({ since }, record), isRecorded: true };
}

/** Whether the message of the occurrence has to be edited. */
function needsEdit({ alert, delivered }: AlertRecord): boolean {
  return alert.state === 'firing' || delivered?.resolved === false;
}

function unposted({ seq, since }: Alert, delivered: DeliveredAlert | null): DeliveredAlert {
  return { message: null, ...delivered, seq, since, resolved: true };
}

function isDestination({ destination }: ObservedAlert, { alert, delivered }: AlertRecord, { channel }: GroupContext) {
  const isOccurrence = delivered?.since === alert.since;
  return ((isOccurrence ? deliveredTo(delivered) : null) ?? destination) === channel;
}

interface Adopted {
  readonly message: MessageRef;
  readonly kind: AlertKind;
  readonly project: ProjectId;
  readonly member: AlertMember;
  readonly wasFiring: boolean;
}

/** Does nothing if the message already has a group, because that group has the end of the occurrence. */
function adopt(draft: Draft, { message, kind, project, member, wasFiring }: Adopted): void {
  const id = `${kind}:${message.ts}`;
  for (const [other, group] of draft.groups) if (other !== id && group.message?.ts === message.ts) return;
  const { weight, calls } = member;
  const notified = { firing: wasFiring ? 1 : 0, weight, needsPerson: true, calls, repliedAt: 0, acknowledgedUntil: 0 };
  if (!draft.groups.has(id))
    draft.groups.set(id, { ...emptyGroup, kind, openedAt: member.since, message, isChanged: true, notified });
  setMember(draft, id, project, member);
}

const emptyGroup = {
  openedAt: 0,
  joinedAt: 0,
  message: null,
  channel: null,
  refusals: 0,
  isChanged: true,
  writtenAt: 0,
  notified: { firing: 0, weight: 0, needsPerson: false, calls: [], repliedAt: 0, acknowledgedUntil: 0 },
  members: new Map<ProjectId, AlertMember>(),
};

function openGroup(draft: Draft, kind: AlertKind, now: number): string {
  let at = now;
  while (draft.groups.has(`${kind}:${at}`)) at += 1;
  const id = `${kind}:${at}`;
  draft.groups.set(id, { ...emptyGroup, kind, openedAt: now, joinedAt: now });
  return id;
}

function findOpenGroup(draft: Draft, { kind, project }: ObservedAlert, context: GroupContext): string | null {
  for (const [id, group] of draft.groups)
    if (group.kind === kind && !group.members.has(project) && isOpen(group, context)) return id;
  return null;
}

function isOpen(group: AlertGroup, { now, intervalMs }: GroupContext): boolean {
  const { message, refusals, openedAt, joinedAt } = group;
  if (refusals > 0) return false;
  if (message === null) return true;
  const isRecent = now - joinedAt <= intervalMs && now - openedAt <= maxIntervals * intervalMs;
  return isRecent && someMember(group, isFiring);
}

/** The group that has the newest occurrence of this alert, or null. Redis returns the groups in any order. */
function findGroup(draft: Draft, { kind, project }: ObservedAlert): string | null {
  let found: { readonly id: string; readonly since: number } | null = null;
  for (const [id, group] of draft.groups) {
    const since = group.kind === kind ? group.members.get(project)?.since : undefined;
    if (since !== undefined && (found === null || since >= found.since)) found = { id, since };
  }
  return found?.id ?? null;
}

/** Groups under construction. The members of a group are copied once. */
interface Draft {
  readonly groups: Map<string, AlertGroup>;
  readonly copies: Map<string, Map<ProjectId, AlertMember>>;
}

function isUnchanged({ groups: before }: ChannelAlerts, { groups }: Draft): boolean {
  return groups.size === before.size && [...groups].every(([id, group]) => before.get(id) === group);
}

function groupOf({ groups }: Draft, id: string): AlertGroup {
  const group = groups.get(id);
  if (group === undefined) throw new Error(`no alert group ${id}`);
  return group;
}

function membersOf(draft: Draft, id: string): Map<ProjectId, AlertMember> {
  const copy = draft.copies.get(id) ?? new Map(groupOf(draft, id).members);
  draft.copies.set(id, copy);
  return copy;
}

function setMember(draft: Draft, id: string, project: ProjectId, member: AlertMember, isVisible = true): void {
  const members = membersOf(draft, id).set(project, member);
  const group = groupOf(draft, id);
  draft.groups.set(id, { ...group, members, isChanged: group.isChanged || isVisible });
}

function removeMember(draft: Draft, id: string, project: ProjectId): void {
  const members = membersOf(draft, id);
  members.delete(project);
  draft.groups.set(id, { ...groupOf(draft, id), members });
}
