import { type Alert, reduceAlert } from '../domain/alert.ts';
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
 * Updates the alerts of a project from observed conditions, kind by kind, and notifies its channel if an alert has news. Does
 * nothing while an operation is active. Each write is a compare-and-set on the observed version of the project and on the
 * previous alert. Throws `StoreUnavailableError`.
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
    const event = auditEvent(previous, next);
    const saved = await context.alerts.save(project.id, project.version, {
      kind,
      before: previous,
      after: next,
      event,
    });
    if (saved.kind === 'conflict') continue;
    if (event === 'alert_firing') context.log.warn({ project: project.id, kind }, 'alert firing');
    if (event === 'alert_resolved') context.log.info({ project: project.id, kind }, 'alert resolved');
    hasChanges ||= next.seq > (previous?.seq ?? 0);
  }
  if (hasChanges) await context.notifications.alertsChanged(project.id);
}

/**
 * Updates the alerts that depend only on the project's record, right after its state has changed. Alerts that depend on its
 * links are updated by the next observation. Throws `StoreUnavailableError`.
 */
export async function updateAlertsFromState(context: UseCaseContext, id: ProjectId): Promise<void> {
  const [project, now] = await Promise.all([context.projects.read(id), context.serverClock.now()]);
  if (project !== null) await updateAlerts(context, project, { conditions: conditionsFromRecord(project, now), now });
}

/** Null if the alert neither starts to fire nor is resolved. */
function auditEvent(previous: Alert | null, next: Alert): 'alert_firing' | 'alert_resolved' | null {
  if (next.firing === (previous?.firing ?? false)) return null;
  return next.firing ? 'alert_firing' : 'alert_resolved';
}
