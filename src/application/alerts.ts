import { type Alert, reduceAlert } from '../domain/alert.ts';
import { type AlertKind, alertKinds } from '../domain/conditions.ts';
import { type ConditionResults, evaluateRecord } from '../domain/evaluate-conditions.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';

export interface ObservedConditions {
  readonly conditions: ConditionResults;
  /** The bot's Redis server time. */
  readonly now: number;
}

/**
 * Writes down what one look at a project has found, kind by kind, and has its channel told of what is news. A look counts
 * only while nobody holds the project and its version is the one that was looked at.
 */
export async function updateAlerts(
  deps: UseCaseContext,
  project: Project,
  { conditions, now }: ObservedConditions,
): Promise<void> {
  if (project.activeOperation !== null) return;
  let hasChanges = false;
  for (const kind of alertKinds) {
    const result = conditions[kind];
    if (result === undefined) continue;
    const previous = project.alerts[kind]?.alert ?? null;
    const next = reduceAlert(previous, { result, version: project.version, now });
    if (next === null || next === previous) continue;
    const saved = await deps.alerts.save(project.id, project.version, {
      kind,
      before: previous,
      after: next,
      event: auditEvent(previous, next),
    });
    if (saved.kind === 'written' && isFiring(next) !== isFiring(previous))
      logChange(deps, { project: project.id, kind, next });
    hasChanges ||= saved.kind === 'written' && next.seq > (previous?.seq ?? 0);
  }
  if (hasChanges) await deps.notifications.alertsChanged(project.id);
}

/** After a change of state: what the project's own record tells, at once; what its links tell waits for the next look. */
export async function updateAlertsFromState(deps: UseCaseContext, id: ProjectId): Promise<void> {
  const [project, now] = await Promise.all([deps.projects.read(id), deps.serverClock.now()]);
  if (project !== null) await updateAlerts(deps, project, { conditions: evaluateRecord(project, now), now });
}

function auditEvent(previous: Alert | null, next: Alert): 'alert_firing' | 'alert_resolved' | null {
  if (isFiring(next) === isFiring(previous)) return null;
  return isFiring(next) ? 'alert_firing' : 'alert_resolved';
}

function isFiring(alert: Alert | null): boolean {
  return alert?.state === 'firing';
}

function logChange(
  { log }: UseCaseContext,
  { project, kind, next }: { project: ProjectId; kind: AlertKind; next: Alert },
): void {
  if (isFiring(next)) log.warn({ project, kind }, 'alert firing');
  else log.info({ project, kind }, 'alert resolved');
}
