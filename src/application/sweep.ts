import { needsNotification } from '../domain/alert.ts';
import { isOpen, type Operation, refOf } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';
import { forEachIsolated } from './run-cycle.ts';

const chunkSize = 200;
/** News of yesterday is told nobody: there may be no bot at all, only workers and the command line. */
const notifyWithinMs = 24 * 3_600_000;

/**
 * Finds what a crash or an outage left behind and hands it on: dialogs that expired, operations that were
 * confirmed but are no job, or claimed but not finished, outcomes that nobody was told, links behind their project's state.
 * Everything it does may be done any number of times.
 */
export async function sweep(deps: UseCaseContext): Promise<void> {
  const ids = await deps.projects.listIds();
  for (const chunk of toChunks(ids, chunkSize)) {
    deps.stopSignal.throwIfAborted();
    const projects = await deps.projects.readMany(chunk);
    await deps.projects.repairIndex(chunk, projects);
    await forEachIsolated(deps, projects, {
      projectOf: (project) => project,
      work: (project) => sweepProject(deps, project),
    });
  }
}

async function sweepProject(deps: UseCaseContext, project: Project): Promise<void> {
  const operations = await deps.operations.listOpen(project.id);
  if (operations.length > 0) {
    const now = await deps.serverClock.now();
    for (const operation of operations) await sweepOperation(deps, operation, now);
  }
  if (Object.values(project.alerts).some(needsNotification)) await deps.notifications.alertsChanged(project.id);
  if (project.activeOperation === null && project.syncedVersion < project.version)
    await deps.jobs.reconcile(project.id);
}

async function sweepOperation(deps: UseCaseContext, operation: Operation, now: number): Promise<void> {
  const ref = refOf(operation);
  if (operation.state === 'requested') {
    if (now > operation.expiresAt) await deps.operations.resolve({ ref, decision: 'expire', by: null, dialog: null });
    return;
  }
  if (isOpen(operation)) await deps.jobs.execute(ref);
  if (operation.seq <= operation.notifiedSeq) return;
  if (now - (operation.finishedAt ?? now) < notifyWithinMs) return deps.notifications.operationChanged(ref);
  await deps.operations.markNotified(ref, { seq: operation.seq, message: operation.message, dialogUses: 0 });
}
