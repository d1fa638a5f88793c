import { allowedAction, desiredLinkState } from '../domain/lifecycle.ts';
import { type Link, linkId, noWatermark, type Watermark } from '../domain/link.ts';
import { linkTimeoutMs } from '../domain/operation.ts';
import { type PrecheckItem, precheckItems } from '../domain/precheck.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { ApplyRefusal } from '../domain/refusal.ts';
import type { UseCaseContext } from './context.ts';
import {
  type DesiredProject,
  type DesiredProjects,
  definitionChanges,
  diffProjects,
  type ProjectDiff,
  type UpdatedProject,
  wasInterrupted,
} from './diff-projects.ts';
import {
  isPaused,
  type LinkSnapshots,
  missingLinks,
  observationOf,
  runningLinks,
  unreachableLinks,
  usedLinks,
  watermarks,
  withoutFailures,
} from './link-snapshots.ts';
import type { InitialState } from './stores.ts';

/** A project without a record. */
export interface PlannedCreate extends DesiredProject {
  readonly initialState: InitialState;
  /** Links that run now and will be paused. */
  readonly linksToPause: readonly Link[];
  /** Links whose queue does not exist; it is never created. */
  readonly missing: readonly Link[];
  readonly precheck: readonly PrecheckItem[];
}

/** A project whose definition differs. */
export interface PlannedUpdate {
  readonly project: Project;
  readonly definition: DesiredProject['definition'];
  /** In words, as `definitionChanges` says them. */
  readonly changes: readonly string[];
  /** Ids of the links that are added. */
  readonly added: readonly string[];
  readonly linksToPause: readonly Link[];
  readonly missing: readonly Link[];
  /** Links no longer in it, which stay paused. */
  readonly leftPaused: readonly Link[];
  /** Of the added links. */
  readonly watermarks: Readonly<Record<string, Watermark>>;
}

/** What `apply` would do. Made by reading only. */
export interface Plan {
  readonly create: readonly PlannedCreate[];
  readonly update: readonly PlannedUpdate[];
  /** Projects no longer in the file, and the links that stay paused. */
  readonly remove: readonly { readonly project: Project; readonly leftPaused: readonly Link[] }[];
  /** Links that should be paused and run, since an earlier apply was cut off. */
  readonly pauseAgain: readonly { readonly project: Project; readonly links: readonly Link[] }[];
  readonly unchanged: readonly ProjectId[];
}

export type PlanResult =
  | { readonly kind: 'planned'; readonly plan: Plan }
  /** Every reason at once. Nothing was changed. */
  | { readonly kind: 'refused'; readonly refusals: readonly ApplyRefusal[] };

/** Reads everything and says what applying the file would do, or every reason why it is refused. */
export async function planApply(
  deps: Pick<UseCaseContext, 'projects' | 'links'>,
  desired: DesiredProjects,
): Promise<PlanResult> {
  const stored = await deps.projects.readMany(await deps.projects.listIds());
  const diff = diffProjects(stored, desired.projects);
  const snapshots = await readLinks(deps, diff);
  const refusals = [
    ...diff.created.flatMap((project) => createRefusals(project, snapshots)),
    ...diff.updated.flatMap((change) => updateRefusals(change, snapshots)),
    ...diff.removed.flatMap(removalRefusals),
  ];
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const plan: Plan = {
    create: await Promise.all(diff.created.map((project) => planCreate(deps, project, snapshots))),
    update: await Promise.all(diff.updated.map((change) => planUpdate(deps, change, snapshots))),
    remove: await Promise.all(
      diff.removed.map(async (project) => ({
        project,
        leftPaused: await leftPaused(deps, project.definition.links),
      })),
    ),
    pauseAgain: diff.unchanged
      .map((project) => ({
        project,
        links: wasInterrupted(project) ? runningLinks(project.definition.links, snapshots) : [],
      }))
      .filter(({ links }) => links.length > 0),
    unchanged: diff.unchanged.map(({ id }) => id),
  };
  return { kind: 'planned', plan };
}

/** Whether a plan leaves everything as it is. */
export function isEmpty({ create, update, remove, pauseAgain }: Plan): boolean {
  return create.length + update.length + remove.length + pauseAgain.length === 0;
}

async function readLinks(
  deps: Pick<UseCaseContext, 'links'>,
  { created, updated, unchanged }: ProjectDiff,
): Promise<LinkSnapshots> {
  const links = [
    ...created.flatMap(({ definition }) => definition.links),
    ...updated.flatMap(({ added }) => added),
    ...unchanged.filter(wasInterrupted).flatMap(({ definition }) => definition.links),
  ];
  const observations = await deps.links.observe(links.map((link) => ({ link, watermark: noWatermark })));
  const reachable = observations.filter(({ kind }) => kind !== 'unreachable').map(({ link }) => link);
  const usages = await deps.links.findUsage(reachable);
  const usageById = new Map(reachable.map((link, index) => [linkId(link), usages[index]]));
  return new Map(
    observations.map((reading) => {
      const id = linkId(reading.link);
      return [id, { observation: reading, usage: usageById.get(id) ?? { kind: 'unreachable' } }];
    }),
  );
}

function createRefusals({ definition, adopt }: DesiredProject, snapshots: LinkSnapshots): ApplyRefusal[] {
  const { id: project, links } = definition;
  const unreachable = unreachableLinks(links, snapshots);
  if (unreachable.length > 0) return [{ code: 'links_unreachable', project, links: unreachable }];
  if (!adopt) {
    const used = usedLinks(links, snapshots);
    return used.length > 0 ? [{ code: 'queue_used', project, links: used }] : [];
  }
  const running = runningLinks(links, snapshots);
  const paused = links.filter((link) => isPaused(link, snapshots));
  return running.length > 0 && paused.length > 0 ? [{ code: 'adopt_mixed', project, running, paused }] : [];
}

function updateRefusals({ project, added, removed }: UpdatedProject, snapshots: LinkSnapshots): ApplyRefusal[] {
  const { id, state } = project;
  if (allowedAction(state) === null) return [{ code: 'in_transition', project: id, state }];
  if (added.length + removed.length === 0) return [];
  if (desiredLinkState(state) !== 'paused') return [{ code: 'links_in_use', project: id, state }];
  const unreachable = unreachableLinks(added, snapshots);
  if (unreachable.length > 0) return [{ code: 'links_unreachable', project: id, links: unreachable }];
  const used = usedLinks(runningLinks(added, snapshots), snapshots);
  return used.length > 0 ? [{ code: 'added_queue_used', project: id, links: used }] : [];
}

function removalRefusals({ id, state }: Project): ApplyRefusal[] {
  if (state === 'not_started' || state === 'paused') return [];
  return [{ code: allowedAction(state) === null ? 'in_transition' : 'not_removable', project: id, state }];
}

async function planCreate(
  deps: Pick<UseCaseContext, 'links'>,
  project: DesiredProject,
  snapshots: LinkSnapshots,
): Promise<PlannedCreate> {
  const { links } = project.definition;
  const names = [...new Set(links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([deps.links.readConnections(names), deps.links.countWorkers(links)]);
  const running = runningLinks(links, snapshots);
  const paused = links.some((link) => isPaused(link, snapshots));
  const state = !project.adopt ? 'not_started' : running.length > 0 ? 'running' : paused ? 'paused' : 'not_started';
  const observations = links.flatMap((link) => observationOf(link, snapshots)).map(withoutFailures);
  return {
    ...project,
    initialState: { state, watermarks: watermarks(links, snapshots) },
    linksToPause: state === 'running' ? [] : running,
    missing: missingLinks(links, snapshots),
    precheck: precheckItems({ connections, workers, links: observations }),
  };
}

async function planUpdate(
  deps: Pick<UseCaseContext, 'links'>,
  { project, definition, added, removed }: UpdatedProject,
  snapshots: LinkSnapshots,
): Promise<PlannedUpdate> {
  return {
    project,
    definition,
    changes: definitionChanges(project.definition, definition),
    added: added.map(linkId),
    linksToPause: runningLinks(added, snapshots),
    missing: missingLinks(added, snapshots),
    leftPaused: await leftPaused(deps, removed),
    watermarks: watermarks(added, snapshots),
  };
}

/** Links that nobody holds any longer and that are paused, or may be. */
async function leftPaused(deps: Pick<UseCaseContext, 'links'>, links: readonly Link[]): Promise<Link[]> {
  const flags = await deps.links.readStatuses(links, linkTimeoutMs);
  return links.filter((_link, index) => flags[index] === 'paused' || flags[index] === 'unreachable');
}
