import { isUnfinished, type Operation, type OperationRef } from '../domain/operation.ts';
import { attemptDelayMs, timerOperationId, timerStep } from '../domain/pause-timer.ts';
import type { PausedUntil } from '../domain/paused-until.ts';
import { type Project, timerActor } from '../domain/project.ts';
import { updateAlertsFromState } from './alerts.ts';
import { confirm } from './confirm.ts';
import type { UseCaseContext } from './context.ts';

/**
 * Restores a project whose pause has ended, by an ordinary operation of the timer. The deadline is in the record of the
 * project, and the id of the operation follows from it: any process may continue what another one has begun, at any step. A
 * restore that does not succeed is tried again later. If the project was changed since its pause, the timer stops. Throws
 * `StoreUnavailableError`.
 */
export async function runPauseTimer(context: UseCaseContext, project: Project): Promise<void> {
  if (project.pausedUntil === null) return;
  const now = await context.serverClock.now();
  const step = timerStep(project, now);
  if (step.kind === 'stop') return stopTimer(context, project, step.until);
  if (step.kind === 'restore') return restoreByTimer(context, project, { until: step.until, now });
}

async function restoreByTimer(
  context: UseCaseContext,
  project: Project,
  { until, now }: { readonly until: PausedUntil; readonly now: number },
): Promise<void> {
  const ref = { project: project.id, operation: timerOperationId(until) };
  const operation = (await context.operations.read(ref)) ?? (await requestRestore(context, project, until));
  if (operation === null) return;
  if (operation.state === 'requested') return confirmRestore(context, ref);
  // The sweep continues it.
  if (isUnfinished(operation)) return;
  const nextAttemptAt = now + attemptDelayMs(until.attempts + 1);
  const code = operation.refusal?.code ?? null;
  const counted = await context.projects.countTimerAttempt(project.id, { deadline: until, nextAttemptAt, code });
  if (counted.kind === 'conflict') return;
  context.log.warn({ project: project.id, attempts: until.attempts + 1, code }, 'timed restore did not succeed');
  await updateAlertsFromState(context, project.id);
}

/** Returns null if the project does not exist any more. */
async function requestRestore(
  context: UseCaseContext,
  { id, version }: Project,
  until: PausedUntil,
): Promise<Operation | null> {
  // The outcome goes where the pause was asked for, if the project has no channel.
  const pause = await context.operations.read({ project: id, operation: until.operation });
  const stored = await context.operations.request({
    id: timerOperationId(until),
    project: id,
    action: 'restore',
    by: timerActor,
    reason: null,
    tasks: [],
    timer: { by: until.by, setAt: until.setAt, at: until.at },
    origin: 'timer',
    channel: pause?.channel ?? null,
    threadTs: pause?.threadTs ?? null,
    projectVersion: version,
    ttlMs: context.settings.confirmationTtlMs,
  });
  if (stored.kind === 'refused') return null;
  context.log.info(
    { project: id, operationId: stored.operation.id, by: stored.operation.by },
    'timed restore requested',
  );
  return stored.operation;
}

async function confirmRestore(context: UseCaseContext, ref: OperationRef): Promise<void> {
  await confirm(context, { ref, by: timerActor, dialog: null });
  await context.notifications.operationChanged(ref);
}

/** How many entries of the history are searched for the change. */
const searchedEntries = 100;

async function stopTimer(context: UseCaseContext, project: Project, until: PausedUntil): Promise<void> {
  const { id, version } = project;
  const entries = await context.auditLog.read(id, { limit: searchedEntries, since: until.setAt });
  const change = entries.findLast((entry) => entry.version !== null && entry.version > until.version);
  const stopped = await context.projects.stopTimer(id, version, {
    deadline: until,
    by: timerActor,
    change: change === undefined ? null : { by: change.by, at: change.at },
  });
  if (stopped.kind === 'conflict') return;
  context.log.warn({ project: id, by: change?.by }, 'timer stopped, because the project was changed');
  await updateAlertsFromState(context, id);
}
