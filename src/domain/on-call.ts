import { z } from 'zod';
import { type AlertSeverity, alertSeverities } from './conditions.ts';
import { isSlackUser, lastChangedBy, type Project } from './project.ts';

/** An entry of `policy.onCall` in syncbot.yml. */
export const onCallRuleSchema = z.object({
  /** Ids of users (U…, W…) and of user groups (S…). */
  mention: z.array(z.string()).readonly(),
  /** The label of the projects. Null for all projects. */
  label: z.string().nullable(),
  /** The least severity of the alerts. */
  severity: z.enum(alertSeverities),
});
export type OnCallRule = Readonly<z.infer<typeof onCallRuleSchema>>;

/** A project as far as it decides whom its alerts mention. */
export interface CallingProject extends Pick<Project, 'by' | 'failureStreak'> {
  readonly definition: { readonly labels: readonly string[]; readonly onCall: readonly string[] };
}

/**
 * Whom a message about alerts of one severity mentions: ids of Slack users and user groups, each once. For each project:
 * its own `onCall` if the severity is critical, and every rule that matches it. If both have no id and the severity is
 * critical: the person who last changed the project, if that was a person of Slack. The formatter makes mentions of the ids.
 */
export function mentionsFor(
  rules: readonly OnCallRule[],
  projects: readonly CallingProject[],
  severity: AlertSeverity,
): string[] {
  return [...new Set(projects.flatMap((project) => mentionsForProject(rules, project, severity)))];
}

function mentionsForProject(
  rules: readonly OnCallRule[],
  project: CallingProject,
  severity: AlertSeverity,
): readonly string[] {
  const { definition } = project;
  const isCritical = severity === 'critical';
  const matching = rules.filter(
    (rule) => (rule.label === null || definition.labels.includes(rule.label)) && isAtLeast(severity, rule.severity),
  );
  const called = [...(isCritical ? definition.onCall : []), ...matching.flatMap(({ mention }) => mention)];
  if (called.length > 0 || !isCritical) return called;
  const person = lastChangedBy(project);
  return isSlackUser(person) ? [person] : [];
}

function isAtLeast(severity: AlertSeverity, least: AlertSeverity): boolean {
  return alertSeverities.indexOf(severity) <= alertSeverities.indexOf(least);
}
