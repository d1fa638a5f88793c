import { z } from 'zod';
import { type Acknowledgement, acknowledgementSchema, isActive } from './acknowledgement.ts';
import { type AlertKind, alertKinds, type Condition, severities } from './conditions.ts';
import { messageRefSchema } from './operation.ts';
import type { ProjectId } from './project.ts';

/** The alert of one project in a group. Times are epoch ms of the bot's Redis server. */
export const alertMemberSchema = z.object({
  /** Identifies the occurrence, with the project and the kind. */
  since: z.number(),
  /** The `seq` of the alert that the group knows. */
  seq: z.number(),
  /** How bad it is, compared with the other members: links, tasks or ms. */
  weight: z.number(),
  /** False while syncbot itself still tries to correct it. */
  needsPerson: z.boolean(),
  /** Null while it fires. 0 if the end is not known. */
  resolvedAt: z.number().nullable(),
  /** Whom a message about it mentions: ids of users and user groups. As it was when it joined. */
  calls: z.array(z.string()),
  /** Whether the project's record says that the channel was notified of `seq`. */
  isRecorded: z.boolean(),
  /** Earlier versions did not store it. */
  acknowledgement: acknowledgementSchema.nullable().default(null),
});
export type AlertMember = Readonly<z.infer<typeof alertMemberSchema>>;

export const alertGroupSchema = z.object({
  kind: z.enum(alertKinds),
  /** When its first alert joined, and its last. */
  openedAt: z.number(),
  joinedAt: z.number(),
  /** Null until it is posted. */
  message: messageRefSchema.nullable(),
  /** Where it is posted, if Slack refused the channel of the group. */
  channel: z.string().nullable(),
  /** How many channels have refused it. */
  refusals: z.number(),
  /** Whether the members have changed since the message was written. */
  isChanged: z.boolean(),
  /** When the message was written last, or 0. */
  writtenAt: z.number(),
  /** What people were notified of last, by the message or by a reply in its thread: an edit notifies no person. */
  notified: z.object({
    firing: z.number(),
    weight: z.number(),
    needsPerson: z.boolean(),
    calls: z.array(z.string()),
    /** When the last reply was posted, or 0. */
    repliedAt: z.number(),
    /** The newest end of an acknowledgement. Earlier versions did not store it. */
    acknowledgedUntil: z.number().default(0),
  }),
});
export type AlertGroup = Readonly<z.infer<typeof alertGroupSchema>> & {
  readonly members: ReadonlyMap<ProjectId, AlertMember>;
};

/** The alert groups of one channel. A group is one message. Its id begins with its kind. */
export interface ChannelAlerts {
  /** When messages were posted in the last minute, oldest first. Without replies. */
  readonly posts: readonly number[];
  /** Slack accepts the next message or reply in this channel from this time on. */
  readonly nextPostAt: number;
  /** Slack has asked for no call before this time. */
  readonly pausedUntil: number;
  readonly groups: ReadonlyMap<string, AlertGroup>;
}

export const noChannelAlerts: ChannelAlerts = {
  posts: [],
  nextPostAt: 0,
  pausedUntil: 0,
  groups: new Map(),
};

/** `alertGroupWait` and `alertGroupInterval` of syncbot.yml, ms. */
export interface GroupTimes {
  /** How long a new group waits for more alerts before it is posted. */
  readonly waitMs: number;
  /** How long after its last alert a group accepts another one. Also the time between two replies. */
  readonly intervalMs: number;
}

export function isCritical(kind: AlertKind): boolean {
  return severities[kind] === 'critical';
}

/** Critical groups first, then by kind, the worst first. */
export function severityRank({ kind }: Pick<AlertGroup, 'kind'>): number {
  return alertKinds.indexOf(kind) + (isCritical(kind) ? 0 : alertKinds.length);
}

export interface FiringMembers {
  readonly count: number;
  /** The highest weight. */
  readonly weight: number;
  readonly needsPerson: boolean;
  /** Whom a message about them mentions, each once. */
  readonly calls: readonly string[];
}

export function firingMembers({ members }: Pick<AlertGroup, 'members'>): AlertMember[] {
  return [...members.values()].filter(isFiring);
}

export function summarizeFiring(group: AlertGroup): FiringMembers {
  const firing = firingMembers(group);
  return {
    count: firing.length,
    weight: firing.reduce((highest, { weight }) => Math.max(highest, weight), 0),
    needsPerson: firing.some(({ needsPerson }) => needsPerson),
    calls: [...new Set(firing.flatMap(({ calls }) => calls))],
  };
}

export function isFiring({ resolvedAt }: AlertMember): boolean {
  return resolvedAt === null;
}

export function someMember({ members }: AlertGroup, matches: (member: AlertMember) => boolean): boolean {
  for (const member of members.values()) if (matches(member)) return true;
  return false;
}

/** The members that fire, the worst first. */
export function worstFirst({ members }: AlertGroup): ProjectId[] {
  return [...members]
    .filter(([, member]) => isFiring(member))
    .sort(([a, x], [b, y]) => y.weight - x.weight || (a < b ? -1 : 1))
    .map(([project]) => project);
}

/** Of a message that shows the group: when it began, and when its last alert ended. */
export interface GroupPeriod {
  readonly since: number;
  /** Null while all alerts fire, or if no end is known. */
  readonly resolvedAt: number | null;
}

export function groupPeriod({ members }: AlertGroup): GroupPeriod {
  const all = [...members.values()];
  const ends = all.map(({ resolvedAt }) => resolvedAt ?? 0);
  const resolvedAt = Math.max(0, ...ends);
  return { since: Math.min(...all.map(({ since }) => since)), resolvedAt: resolvedAt === 0 ? null : resolvedAt };
}

/** Orders the alerts of a group, and finds out whether an alert has become worse. Counts links or tasks, or ms. */
export function conditionWeight(condition: Condition): number {
  switch (condition.kind) {
    case 'latency':
      return condition.latencyMs;
    case 'tasks_failed':
      return condition.count;
    case 'no_worker':
      return condition.noWorker.total + condition.overdue.total;
    case 'project_failed':
    case 'log_retention_50':
    case 'log_retention_80':
    case 'log_retention_100':
    case 'paused_reminder':
    case 'pause_ending':
    case 'pause_overdue':
      return 1;
    default:
      return condition.links.total;
  }
}

/** False if syncbot still tries to correct it. */
export function needsPerson(condition: Condition): boolean {
  return condition.kind !== 'unexpectedly_running' || condition.cause !== 'not_paused';
}

/**
 * What happened after people were notified last. `more`: alerts have joined that mention other people. `unconfirmed`: an
 * acknowledgement has ended.
 */
export type GroupEvent = 'worse' | 'again' | 'needs_person' | 'more' | 'unconfirmed' | 'resolved';

/** A message about one alert becomes worse when its weight has grown this many times. */
const worseFactors: Readonly<Partial<Record<AlertKind, number>>> = { tasks_failed: 10 };
const defaultWorseFactor = 2;
/** These alerts are reminders. The outcome of a restore, or the answer to them, ends them. */
const reminders: ReadonlySet<AlertKind> = new Set([
  'log_retention_50',
  'log_retention_80',
  'log_retention_100',
  'paused_reminder',
  'pause_ending',
  'pause_overdue',
]);

/**
 * What people must be notified of now, or null. While every alert that fires is acknowledged, that is only what gets worse:
 * for one alert its weight, for several a new one, since it is not acknowledged.
 */
export function groupEvent(group: AlertGroup): GroupEvent | null {
  const { notified, kind, members } = group;
  const now = summarizeFiring(group);
  if (now.count === 0) return notified.firing === 0 || reminders.has(kind) ? null : 'resolved';
  const loud = firingMembers(group).filter((member) => !isSilent(group, member));
  if (notified.firing === 0) return loud.length === 0 ? null : 'again';
  if (now.needsPerson && !notified.needsPerson) return 'needs_person';
  const factor = worseFactors[kind] ?? defaultWorseFactor;
  const [before, after, growth] =
    members.size === 1 ? [notified.weight, now.weight, factor] : [notified.firing, now.count, 2];
  const isGrown = after > before && after >= before * growth;
  if (isGrown && (members.size === 1 || loud.length > 0)) return 'worse';
  if (endedAcknowledgements(group).some(({ until }) => until > notified.acknowledgedUntil)) return 'unconfirmed';
  return loud.some(({ calls }) => calls.some((id) => !notified.calls.includes(id))) ? 'more' : null;
}

/** Whether the message shows that a person has the alert, or has snoozed it. */
function isSilent({ writtenAt }: AlertGroup, { acknowledgement }: AlertMember): boolean {
  return acknowledgement !== null && isActive(acknowledgement, writtenAt);
}

/** The acknowledgements of firing alerts that the message shows as ended. */
export function endedAcknowledgements(group: AlertGroup): Acknowledgement[] {
  return firingMembers(group).flatMap((member) => (isSilent(group, member) ? [] : (member.acknowledgement ?? [])));
}

/** When the message must show the end of an acknowledgement, or infinity. */
export function nextAcknowledgementEnd(group: AlertGroup): number {
  const silent = firingMembers(group).filter((member) => isSilent(group, member));
  return silent.reduce((end, { acknowledgement }) => Math.min(end, acknowledgement?.until ?? end), Infinity);
}

/** Whether the channel shows the reply too. The outcome of a restore already says that a project is not Failed any more. */
export function isBroadcast(kind: AlertKind, event: GroupEvent): boolean {
  return isCritical(kind) && !(kind === 'project_failed' && event === 'resolved');
}
