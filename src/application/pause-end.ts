import { moveEnd } from '../domain/alert.ts';
import { activeDeadline } from '../domain/pause-timer.ts';
import type { LimitChange, PausedUntil } from '../domain/paused-until.ts';
import type { Actor, Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { maxLimitMs, parseLimit } from '../lib/time-limit.ts';
import { requestAlertDelivery } from './alert-channels.ts';
import { updateAlertsFromState } from './alerts.ts';
import type { UseCaseContext } from './context.ts';
import { findProject, type Refused } from './queries.ts';

export interface PauseEndRequest {
  readonly project: string;
  readonly by: Actor;
  /** The end that the pressed button showed, epoch ms. Null for any end. */
  readonly expected: number | null;
}

export interface ExtensionRequest extends PauseEndRequest {
  /** A duration as a person typed it. */
  readonly duration: string;
}

/** `until`: null if the pause has no end any more. */
export type MovedEnd = { readonly kind: 'moved'; readonly until: number | null };

/**
 * Moves the end of a pause by a duration, counted from the end, or from now if that has passed. The person is authorized
 * already. Throws `StoreUnavailableError`.
 */
export async function extendPause(context: UseCaseContext, request: ExtensionRequest): Promise<MovedEnd | Refused> {
  const { project, by, duration: text } = request;
  const invalid = { code: 'invalid_limit', project, verb: 'extend', word: 'for', text, timeZone: 'UTC' } as const;
  const parsed = parseLimit('for', text);
  if (parsed.kind === 'invalid') return { kind: 'refused', refusal: { ...invalid, problem: parsed.code } };
  const { limit } = parsed;
  const ms = limit.kind === 'for' ? limit.ms : 0;
  return movePauseEnd(context, request, (deadline, { definition: { pauseMax } }, now) => {
    const until = Math.max(deadline.at, now) + ms;
    if (until > now + maxLimitMs) return { ...invalid, problem: 'too_long' };
    if (pauseMax !== null && until > now + pauseMax) return { code: 'limit_above_max', project, maxMs: pauseMax };
    return { kind: 'extended', at: now, by, until };
  });
}

/** Removes the end of a pause, or moves it to the end of `pauseMax`. As `extendPause`. */
export function keepPausedBeyondEnd(context: UseCaseContext, request: PauseEndRequest): Promise<MovedEnd | Refused> {
  return movePauseEnd(context, request, (_deadline, { definition: { pauseMax } }, now) => ({
    kind: 'kept',
    at: now,
    by: request.by,
    until: pauseMax === null ? null : now + pauseMax,
  }));
}

/** Each conflict means that another person, the timer or the observer was faster. */
const maxAttempts = 5;

async function movePauseEnd(
  context: UseCaseContext,
  { project: id, by, expected }: PauseEndRequest,
  decide: (deadline: PausedUntil, project: Project, now: number) => LimitChange | Refusal,
): Promise<MovedEnd | Refused> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const found = await findProject(context, id);
    if (found.kind === 'refused') return found;
    const { project } = found;
    const deadline = activeDeadline(project);
    const refusal = await checkPauseEnd(context, project, expected);
    if (refusal !== null || deadline === null)
      return { kind: 'refused', refusal: refusal ?? { code: 'no_limit', project: id } };
    const change = decide(deadline, project, await context.serverClock.now());
    if ('code' in change) return { kind: 'refused', refusal: change };
    const saved = await saveChange(context, project, { deadline, change });
    if (saved.kind === 'conflict') continue;
    context.log.info({ project: project.id, by, until: change.until, change: change.kind }, 'end of a pause moved');
    return { kind: 'moved', until: change.until };
  }
  throw new Error('the pause changes all the time');
}

/** Returns null if the end can be moved. */
async function checkPauseEnd(
  context: UseCaseContext,
  project: Project,
  expected: number | null,
): Promise<Refusal | null> {
  const { id, state, since, by, activeOperation, keptPaused } = project;
  if (state !== 'paused') return { code: 'not_paused', project: id, state, since, by };
  const deadline = activeDeadline(project);
  if (deadline === null) {
    const isKept = expected !== null && keptPaused !== null;
    return isKept
      ? { code: 'deadline_moved', project: id, by: keptPaused.by, until: null }
      : { code: 'no_limit', project: id };
  }
  if (expected !== null && deadline.at !== expected)
    return { code: 'deadline_moved', project: id, by: deadline.by, until: deadline.at };
  if (activeOperation === null) return null;
  const active = await context.operations.read({ project: id, operation: activeOperation });
  if (active === null) return null;
  const { action, by: activeBy, resolvedAt, requestedAt } = active;
  return { code: 'operation_active', project: id, state, action, by: activeBy, since: resolvedAt ?? requestedAt };
}

async function saveChange(
  context: UseCaseContext,
  project: Project,
  { deadline, change }: { readonly deadline: PausedUntil; readonly change: LimitChange },
): Promise<{ readonly kind: 'saved' | 'conflict' }> {
  const { at, by, until, kind } = change;
  const { alert = null, delivered = null } = project.alerts.pause_ending ?? {};
  const moved = alert?.state === 'firing' ? moveEnd(alert, change) : null;
  const after = { at: until ?? 0, by, setAt: at, attempts: 0, nextAttemptAt: until ?? 0, code: null };
  const written = await context.projects.moveDeadline(project.id, {
    expected: deadline.at,
    after: until === null ? null : { ...deadline, ...after },
    keptPaused: kind === 'kept' ? { at, by } : null,
    change,
    event: kind === 'kept' ? 'kept_paused' : 'pause_extended',
    alert: alert?.state === 'firing' && moved !== null ? { before: alert, after: moved } : null,
  });
  if (written.kind === 'conflict') return written;
  const { operationToNotify } = written;
  if (operationToNotify !== null)
    await context.notifications.operationChanged({ project: project.id, operation: operationToNotify });
  if (moved !== null)
    await requestAlertDelivery(context, [{ project, alerts: [{ alert: moved, delivered }] }], { wake: true });
  await updateAlertsFromState(context, project.id);
  return { kind: 'saved' };
}
