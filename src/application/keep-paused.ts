import { keepPaused as resolveReminder } from '../domain/alert.ts';
import { activeDeadline } from '../domain/pause-timer.ts';
import { reminderIntervalMs } from '../domain/paused-reminder.ts';
import type { Actor } from '../domain/project.ts';
import { requestAlertDelivery } from './alert-channels.ts';
import type { UseCaseContext } from './context.ts';
import { keepPausedBeyondEnd } from './pause-end.ts';
import { findProject, type Refused } from './queries.ts';

export interface KeepPausedRequest {
  readonly project: string;
  readonly by: Actor;
  /** The end of the pause that the person saw, epoch ms. Null if they saw none. */
  readonly expectedEnd?: number | null;
}

/** `until`: when the pause ends now, epoch ms. Null if it has no end. */
export type KeptPaused = { readonly kind: 'kept'; readonly until: number | null };

/** Each conflict means that another person or the observer was faster. */
const maxAttempts = 5;

/**
 * Answers the reminder of a pause: the project stays Paused, and the next reminder is due after the same time again. A pause
 * with an end loses it (`keepPausedBeyondEnd`). The person is authorized already. Throws `StoreUnavailableError`.
 */
export async function keepPaused(
  context: UseCaseContext,
  { project: id, by, expectedEnd = null }: KeepPausedRequest,
): Promise<KeptPaused | Refused> {
  if (expectedEnd !== null) {
    const moved = await keepPausedBeyondEnd(context, { project: id, by, expected: expectedEnd });
    return moved.kind === 'refused' ? moved : { kind: 'kept', until: moved.until };
  }
  for (let attempt = 1; ; attempt++) {
    const found = await findProject(context, id);
    if (found.kind === 'refused') return found;
    const { project } = found;
    const { state, since, version } = project;
    if (state !== 'paused')
      return { kind: 'refused', refusal: { code: 'not_paused', project: id, state, since, by: project.by } };
    const deadline = activeDeadline(project);
    if (deadline !== null)
      return { kind: 'refused', refusal: { code: 'deadline_moved', project: id, by: deadline.by, until: deadline.at } };
    const at = await context.serverClock.now();
    const intervalMs = reminderIntervalMs(project, context.settings.pausedReminderMs);
    const nextAfter = (time: number) => (intervalMs === null ? null : time + intervalMs);
    const before = project.alerts.paused_reminder?.alert;
    const after = before?.state === 'firing' ? resolveReminder(before, { at, by, until: nextAfter(at) }) : null;
    if (before?.state !== 'firing' || after === null || attempt > maxAttempts) {
      const kept =
        project.keptPaused === null ? null : { ...project.keptPaused, until: nextAfter(project.keptPaused.at) };
      return { kind: 'refused', refusal: { code: 'no_reminder', project: id, kept } };
    }
    const saved = await context.alerts.keepPaused(id, version, { keptPaused: { at, by }, before, after });
    if (saved.kind === 'conflict') continue;
    context.log.info({ project: id, by }, 'project kept paused');
    const delivered = project.alerts.paused_reminder?.delivered ?? null;
    await requestAlertDelivery(context, [{ project, alerts: [{ alert: after, delivered }] }], { wake: true });
    return { kind: 'kept', until: null };
  }
}
