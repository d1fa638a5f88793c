import { isDue } from '../domain/alert.ts';
import { isOpen, type Operation, refOf } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import { chunksOf } from './chunks.ts';
import type { Deps } from './deps.ts';
import { eachApart } from './each-apart.ts';

const projectsAtOnce = 200;
/** News of yesterday is told nobody: there may be no bot at all, only workers and the command line. */
const tellWithinMs = 24 * 3_600_000;

/**
 * Finds what a crash or an outage left behind and hands it on: dialogs that expired, operations that were
 * confirmed but are no job, or claimed but not finished, outcomes that nobody was told, links behind their project's state.
 * Everything it does may be done any number of times.
 */
export async function sweep(deps: Deps): Promise<void> {
  const ids = await deps.store.ids();
  for (const chunk of chunksOf(ids, projectsAtOnce)) {
    deps.stopping.throwIfAborted();
    const projects = await deps.store.readMany(chunk);
    await deps.store.mendOrder(chunk, projects);
    await eachApart(deps, projects, {
      projectOf: (project) => project,
      work: (project) => sweepProject(deps, project),
    });
  }
}

async function sweepProject(deps: Deps, project: Project): Promise<void> {
  const operations = await deps.store.openOperations(project.id);
  if (operations.length > 0) {
    const now = await deps.store.now();
    for (const operation of operations) await sweepOperation(deps, operation, now);
  }
  if (Object.values(project.alerts).some(isDue)) await deps.notifier.alert(project.id);
  if (project.holder === null && project.convergedVersion < project.version) await deps.queue.converge(project.id);
}

async function sweepOperation(deps: Deps, operation: Operation, now: number): Promise<void> {
  const ref = refOf(operation);
  if (operation.state === 'requested') {
    if (now > operation.expiresAt) await deps.store.settle({ ref, settlement: 'expire', by: null, dialog: null });
    return;
  }
  if (isOpen(operation)) await deps.queue.execute(ref);
  if (operation.seq <= operation.toldSeq) return;
  if (now - (operation.finishedAt ?? now) < tellWithinMs) return deps.notifier.tell(ref);
  await deps.store.told(ref, { seq: operation.seq, message: operation.message, dialogUses: 0 });
}
