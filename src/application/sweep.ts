import { changedAt as batchChangedAt, hasChangedSinceEnd, isOpenBatch } from '../domain/batch.ts';
import { isUnfinished, type Operation, refOf } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import { forEachIsolated, toChunks } from '../lib/async.ts';
import { dueAlerts, requestAlertDelivery } from './alert-channels.ts';
import { checkClaim } from './check-claim.ts';
import { checkObservation } from './check-observation.ts';
import type { UseCaseContext } from './context.ts';
import { checkDigests } from './digest.ts';
import { logSkippedProject, StoreUnavailableError } from './errors.ts';
import { endOverdueFollowUp } from './follow-up.ts';
import { updateHomes } from './home.ts';
import { runPauseTimer } from './pause-timer.ts';

const chunkSize = 200;
/** The sweep does not notify older outcomes. Without a process of the role bot, they would stay open for ever. */
const notifyWithinMs = 24 * 3_600_000;

/**
 * Finds what a crash or an outage left behind, and continues it: expired dialogs, operations that are confirmed or claimed,
 * also without a worker, outcomes, alerts and digests that were not posted, links that are not reconciled, wrong entries in
 * the indexes of the list, Homes that are not up to date, outcomes that are followed although no worker observes them, and
 * pauses that have ended.
 * Each of its steps may be repeated.
 *
 * The recovery of operations comes first. A step that fails does not keep the others from running. The last ones are short, so
 * they run also after a recovery that was aborted. Throws the error of the first step that failed: `StoreUnavailableError`, or an
 * `AbortError` if the process stops.
 */
export async function sweep(context: UseCaseContext): Promise<void> {
  const errors: unknown[] = [];
  for (const step of [recover, sweepBatches, checkObservation, checkDigests, updateHomes])
    await step(context).catch((error: unknown) => errors.push(error));
  const [first, ...others] = errors;
  for (const error of others) context.log.error({ error }, 'another step of the sweep failed too');
  if (errors.length > 0) throw first;
}

/** Operations, follow-ups, alerts, links and the indexes of the list. */
async function recover(context: UseCaseContext): Promise<void> {
  const ids = await context.projects.listIds();
  const labels = new Map<string, number>();
  for (const chunk of toChunks(ids, chunkSize)) {
    context.stopSignal.throwIfAborted();
    const projects = await context.projects.readMany(chunk);
    await context.projects.repairIndex(chunk, projects);
    for (const label of projects.flatMap(({ definition }) => [...new Set(definition.labels)]))
      labels.set(label, (labels.get(label) ?? 0) + 1);
    await forEachIsolated(projects, {
      work: (project) => sweepProject(context, project),
      onError: (error, project) => logSkippedProject(context, project, error),
    });
    const due = projects.map((project) => ({ project, alerts: dueAlerts(project) }));
    await requestAlertDelivery(
      context,
      due.filter(({ alerts }) => alerts.length > 0),
      { wake: true },
    );
  }
  await context.projects.repairLabels(labels);
}

async function sweepProject(context: UseCaseContext, project: Project): Promise<void> {
  const operations = await context.operations.listOpen(project.id);
  if (operations.length > 0) {
    const now = await context.serverClock.now();
    for (const operation of operations) await sweepOperation(context, operation, now);
  }
  await endOverdueFollowUp(context, project);
  await runPauseTimer(context, project);
  if (project.activeOperation === null && project.reconciledVersion < project.version)
    await context.jobs.reconcile(project.id);
}

async function sweepOperation(context: UseCaseContext, operation: Operation, now: number): Promise<void> {
  const ref = refOf(operation);
  if (operation.state === 'requested') {
    if (now > operation.expiresAt)
      await context.operations.resolve({ ref, decision: 'expire', by: null, dialog: null });
    return context.operations.repairIndex(operation);
  }
  if (operation.state === 'confirmed' && (await checkClaim(context, ref)).kind === 'refused') return;
  if (isUnfinished(operation)) await context.jobs.execute(ref);
  if (operation.seq <= operation.notifiedSeq) return;
  const { batch } = operation;
  if (batch !== null && isUnfinished(operation)) return;
  if (batch !== null && hasChangedSinceEnd(operation)) return context.jobs.batchOperationChanged(batch);
  const isDue = batch === null && now - changedAt(operation, now) < notifyWithinMs;
  if (isDue) return context.notifications.operationChanged(ref);
  await context.operations.markNotified(ref, { seq: operation.seq, message: operation.message, dialogUses: 0 });
}

async function sweepBatches(context: UseCaseContext): Promise<void> {
  const ids = await context.batches.listOpen();
  if (ids.length === 0) return;
  const now = await context.serverClock.now();
  await forEachIsolated(ids, {
    work: (id) => sweepBatch(context, id, now),
    onError(error, batch) {
      if (error instanceof StoreUnavailableError) throw error;
      context.log.error({ batch, error }, 'batch skipped in this sweep');
    },
  });
}

async function sweepBatch({ batches, jobs, notifications }: UseCaseContext, id: string, now: number): Promise<void> {
  const batch = await batches.read(id);
  if (batch?.state === 'requested' && now > batch.expiresAt)
    await batches.resolve({ id, decision: 'expire', by: null, dialog: null });
  if (batch?.state === 'confirmed') await jobs.continueBatch(id);
  if (batch !== null && batch.version > batch.notifiedVersion) {
    if (now - batchChangedAt(batch, now) < notifyWithinMs) return notifications.batchChanged(id);
    return batches.markNotified(id, { version: batch.version, messages: {}, dialogUses: 0 });
  }
  if (batch === null || !isOpenBatch(batch)) await batches.close(id);
}

/** When the message of the operation was due last, as far as its record has the time. */
function changedAt({ finishedAt, laterFailure, stateEndedAt, limitChange }: Operation, now: number): number {
  return Math.max(finishedAt ?? now, laterFailure?.at ?? 0, stateEndedAt ?? 0, limitChange?.at ?? 0);
}
