import type { Alert, FiringAlert } from '../../domain/alert.ts';
import {
  type AlertGroup,
  endedAcknowledgements,
  firingMembers,
  type GroupEvent,
  groupPeriod,
  isFiring,
  summarizeFiring,
  worstFirst,
} from '../../domain/alert-group.ts';
import type { AlertTarget } from '../../domain/alert-press.ts';
import type { OnCallRule } from '../../domain/on-call.ts';
import type { Project, ProjectId } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import type { AlertGroupFacts, ResolvedAlertFacts } from '../../messages/facts.ts';
import type { Formatter } from '../../messages/format.ts';
import { buildAlert, buildResolvedAlert } from '../views/alert.ts';
import { buildAlertGroup, buildAlertReply, buildResolvedAlertGroup, groupRows } from '../views/alert-group.ts';
import { type Message, textMessage } from '../views/blocks.ts';

export interface AlertMessageContext {
  readonly format: Formatter;
  /** Whether masked reasons of failed tasks may appear in channels. */
  readonly showErrors: boolean;
  /** `policy.onCall` of syncbot.yml. */
  readonly onCallRules: readonly OnCallRule[];
  /** Epoch ms of the bot's Redis server. */
  readonly now: number;
  /** The group. */
  readonly target: AlertTarget;
}

/** The projects whose records the message of a group shows. */
export function shownProjects(group: AlertGroup): ProjectId[] {
  const names = group.members.size === 1 ? [...group.members.keys()] : worstFirst(group);
  return names.slice(0, groupRows);
}

/** The message of a group. A group of one alert reads as that alert. `projects`: those of `shownProjects` that exist. */
export function buildGroupMessage(
  group: AlertGroup,
  projects: ReadonlyMap<ProjectId, Project>,
  context: AlertMessageContext,
): Message {
  const [only] = group.members.size === 1 ? group.members.keys() : [];
  if (only !== undefined) return buildSingle(group, only, projects.get(only) ?? null, context);
  const facts = groupFacts(group, context.format);
  if (facts.firing === 0) return buildResolvedAlertGroup(facts);
  const rows = shownProjects(group).flatMap((id) => {
    const project = projects.get(id);
    const alert = project === undefined ? null : firingAlert(project, group);
    return project === undefined || alert === null ? [] : [{ project, alert }];
  });
  const { calls } = summarizeFiring(group);
  const acknowledgements = firingMembers(group).map(({ acknowledgement }) => acknowledgement);
  return buildAlertGroup({ ...context, facts, rows, calls, acknowledgements });
}

function buildSingle(group: AlertGroup, id: ProjectId, project: Project | null, context: AlertMessageContext): Message {
  const { kind } = group;
  if (project === null) return textMessage(messages.alertGroups.removed(id, kind));
  const alert = firingAlert(project, group);
  if (alert !== null) return buildAlert({ ...context, project }, alert);
  const { format, showErrors: revealReasons } = context;
  return buildResolvedAlert({ project, kind, format, revealReasons, ...resolutionOf(project, group) });
}

/** The alert of the project if it is the one of the group and fires. */
function firingAlert(project: Project, { kind, members }: AlertGroup): FiringAlert | null {
  const alert = project.alerts[kind]?.alert;
  const member = members.get(project.id);
  const isMember = member !== undefined && isFiring(member) && alert?.since === member.since;
  return isMember && alert.state === 'firing' ? alert : null;
}

/** When the occurrence of the group ended, and what was observed last. */
type Resolution = Pick<ResolvedAlertFacts, 'occurrence' | 'condition'>;

function resolutionOf({ id, alerts }: Project, { kind, members }: AlertGroup): Resolution {
  const member = members.get(id);
  const alert: Alert | undefined = alerts[kind]?.alert;
  if (alert === undefined || member === undefined) return { occurrence: null, condition: null };
  const { since, changedAt, condition = null, earlier } = alert;
  if (since === member.since) return { occurrence: { since, resolvedAt: changedAt }, condition };
  if (earlier?.since !== member.since) return { occurrence: null, condition: null };
  return { occurrence: earlier, condition: earlier.condition ?? null };
}

/** A reply in the thread of a group, about what has happened since people were notified last. */
export function buildGroupReply(
  group: AlertGroup,
  event: GroupEvent,
  projects: ReadonlyMap<ProjectId, Project>,
  context: AlertMessageContext,
): Message {
  // The settled message says everything.
  if (event === 'resolved') return textMessage(buildGroupMessage(group, projects, context).text);
  const { weight, calls } = summarizeFiring(group);
  const { notified } = group;
  const facts = groupFacts(group, context.format);
  const [ended = null] = endedAcknowledgements(group).sort((a, b) => b.until - a.until);
  // When an acknowledgement has ended, all of them must know again.
  const newCalls = event === 'unconfirmed' ? calls : calls.filter((id) => !notified.calls.includes(id));
  return buildAlertReply({ ...facts, event, weight, before: notified, at: context.now, ended }, newCalls);
}

function groupFacts(group: AlertGroup, format: Formatter): AlertGroupFacts {
  const firing = worstFirst(group);
  const [any = ''] = group.members.keys();
  const names = firing.length > 0 ? firing : [any];
  return { kind: group.kind, firing: firing.length, total: group.members.size, names, ...groupPeriod(group), format };
}
