import { type Alert, type AlertKind, reduceAlert } from '../domain/alert.ts';
import { alertKinds, type Condition } from '../domain/conditions.ts';
import { type Conditions, conditionsFromRecord } from '../domain/evaluate-conditions.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';

export interface ObservedConditions {
  readonly conditions: Conditions;
  /** The bot's Redis server time. */
  readonly now: number;
}

/**
 * Writes down what one look at a project has found, kind by kind, and has its channel told of what is news. A look counts
 * only while nobody holds the project and its version is the one that was looked at.
 */
export async function updateAlerts(
  context: UseCaseContext,
  project: Project,
  { conditions, now }: ObservedConditions,
): Promise<void> {
  if (project.activeOperation !== null) return;
  let hasChanges = false;
  for (const kind of alertKinds) {
    if (!Object.hasOwn(conditions, kind)) continue;
    const condition: Condition | null | undefined = conditions[kind];
    const previous = project.alerts[kind]?.alert ?? null;
    const next = reduceAlert(previous, { condition, version: project.version, now });
    if (next === null || next === previous) continue;
    const saved = await context.alerts.save(project.id, project.version, {
      kind,
      before: previous,
      after: next,
      event: auditEvent(previous, next),
    });
    if (saved.kind === 'written' && next.firing !== (previous?.firing ?? false))
      logChange(context, { project: project.id, kind, next });
    hasChanges ||= saved.kind === 'written' && next.seq > (previous?.seq ?? 0);
  }
  if (hasChanges) await context.notifications.alertsChanged(project.id);
}

/** After a change of state: what the project's own record tells, at once; what its links tell waits for the next look. */
export async function updateAlertsFromState(context: UseCaseContext, id: ProjectId): Promise<void> {
  const [project, now] = await Promise.all([context.projects.read(id), context.serverClock.now()]);
  if (project !== null) await updateAlerts(context, project, { conditions: conditionsFromRecord(project, now), now });
}

function auditEvent(previous: Alert | null, next: Alert): 'alert_firing' | 'alert_resolved' | null {
  if (next.firing === (previous?.firing ?? false)) return null;
  return next.firing ? 'alert_firing' : 'alert_resolved';
}

function logChange(
  { log }: UseCaseContext,
  { project, kind, next }: { project: ProjectId; kind: AlertKind; next: Alert },
): void {
  if (next.firing) log.warn({ project, kind }, 'alert');
  else log.info({ project, kind }, 'alert over');
}
