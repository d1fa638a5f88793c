import { type Alert, type AlertRecord, reduceAlert } from '../domain/alert.ts';
import { alertKinds } from '../domain/conditions.ts';
import { type ConditionResults, evaluateRecord } from '../domain/evaluate-conditions.ts';
import type { FailureCauses } from '../domain/failure-causes.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import { requestAlertDelivery } from './alert-channels.ts';
import type { UseCaseContext } from './context.ts';

export interface ObservedConditions {
  readonly conditions: ConditionResults;
  /** The bot's Redis server time. */
  readonly now: number;
}

/**
 * Updates the alerts of a project from observed conditions, kind by kind, and notifies its channel if it must be notified. Does
 * nothing while an operation is active. Each write is a compare-and-set on the observed version of the project and on the
 * previous alert. Throws `StoreUnavailableError`.
 */
export async function updateAlerts(
  context: UseCaseContext,
  project: Project,
  { conditions, now }: ObservedConditions,
): Promise<void> {
  if (project.activeOperation !== null) return;
  const changed: AlertRecord[] = [];
  for (const kind of alertKinds) {
    const result = conditions[kind];
    if (result === undefined) continue;
    const { alert: previous, delivered } = project.alerts[kind] ?? { alert: null, delivered: null };
    const next = reduceAlert(previous, { result, version: project.version, now });
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
    if (next.seq > (previous?.seq ?? 0)) changed.push({ alert: next, delivered });
  }
  if (changed.length > 0) await requestAlertDelivery(context, [{ project, alerts: changed }], { wake: false });
}

/**
 * Updates the alerts that depend only on the project's record, right after its state has changed. Alerts that depend on its
 * links are updated by the next observation. `causes`: of a failure, if they are known. Throws `StoreUnavailableError`.
 */
export async function updateAlertsFromState(
  context: UseCaseContext,
  id: ProjectId,
  causes: FailureCauses | null = null,
): Promise<void> {
  const [project, now] = await Promise.all([context.projects.read(id), context.serverClock.now()]);
  if (project !== null) await updateAlertsFromRecord(context, project, { now, causes });
}

/** The same for a project that was read at `now`, epoch ms of the bot's Redis server. */
export async function updateAlertsFromRecord(
  context: UseCaseContext,
  project: Project,
  { now, causes = null }: { readonly now: number; readonly causes?: FailureCauses | null },
): Promise<void> {
  const { pausedReminderMs } = context.settings;
  await updateAlerts(context, project, { conditions: evaluateRecord({ project, now, pausedReminderMs, causes }), now });
}

/** Returns null if the alert was firing both before and after, or neither before nor after. */
function auditEvent(previous: Alert | null, next: Alert): 'alert_firing' | 'alert_resolved' | null {
  if (isFiring(next) === isFiring(previous)) return null;
  return isFiring(next) ? 'alert_firing' : 'alert_resolved';
}

function isFiring(alert: Alert | null): boolean {
  return alert?.state === 'firing';
}
