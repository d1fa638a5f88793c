import { maskReason } from '../domain/mask.ts';
import { type Figures, oldestFailure } from '../domain/observation.ts';
import { botActor, type Failure, type Project } from '../domain/project.ts';
import { chunksOf } from './chunks.ts';
import type { Deps } from './deps.ts';
import { eachApart } from './each-apart.ts';
import { observeProjects } from './look.ts';

const projectsAtOnce = 100;

/**
 * One round of the observer: looks at every link, and makes a Running project Failed
 * when a task failed for good after its link's watermark. It loses against any claim.
 */
export async function observeAll(deps: Deps): Promise<void> {
  const projects = await deps.store.readMany(await deps.store.ids());
  // Projects on the same connections go one after the other; a slow connection holds up none but its own.
  await Promise.all([...byConnections(projects).values()].map((group) => observeGroup(deps, group)));
}

async function observeGroup(deps: Deps, projects: readonly Project[]): Promise<void> {
  for (const chunk of chunksOf(projects, projectsAtOnce)) {
    deps.stopping.throwIfAborted();
    const observed = await observeProjects(deps, chunk);
    await eachApart(deps, observed, {
      projectOf: ({ project }) => project,
      work: ({ project, figures }) => judge(deps, project, figures),
    });
  }
}

async function judge(deps: Deps, project: Project, figures: Figures): Promise<void> {
  const failure = project.state === 'running' ? failureOf(figures) : null;
  if (failure !== null && project.definition.onFailure === 'pause') await declareFailed(deps, project, failure);
  if (project.draining !== null && figures.inFlight === 0) await declareQuiet(deps, project, project.draining);
}

function failureOf(figures: Figures): Failure | null {
  const failed = oldestFailure(figures.links);
  if (failed === null) return null;
  const { taskId, reason, at } = failed.task;
  return { link: failed.link, taskId, reason: maskReason(reason), at };
}

async function declareFailed(deps: Deps, project: Project, failure: Failure): Promise<void> {
  const failed = await deps.store.fail(project.id, project.version, { failure, by: botActor });
  if (failed.kind === 'moved') return;
  deps.log.warn({ project: project.id, link: failure.link.queue, taskId: failure.taskId }, 'project failed');
  await deps.queue.converge(project.id);
  await deps.notifier.alert(project.id);
  if (failed.toTell !== null) await deps.notifier.tell({ project: project.id, operation: failed.toTell });
}

async function declareQuiet(deps: Deps, project: Project, operationId: string): Promise<void> {
  const ref = { project: project.id, operation: operationId };
  const operation = await deps.store.readOperation(ref);
  if (operation === null || operation.outcome === null) return;
  if (await deps.store.quiet(ref, { ...operation.outcome, inFlight: 0 })) await deps.notifier.tell(ref);
}

function byConnections(projects: readonly Project[]): Map<string, Project[]> {
  const groups = new Map<string, Project[]>();
  for (const project of projects) {
    const key = [...new Set(project.definition.links.map((link) => link.connection))].sort().join(' ');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [project]);
    else group.push(project);
  }
  return groups;
}
