import { type Configuration, type ConfigurationChange, configurationChanges } from '../domain/configuration.ts';
import {
  type DefinitionChange,
  type DesiredProject,
  type DesiredProjects,
  diffProjects,
  type ProjectDiff,
  type UpdatedProject,
  wasInterrupted,
} from '../domain/diff-projects.ts';
import { allowedAction, desiredLinkState } from '../domain/lifecycle.ts';
import { defaultConnection, type Link, linkId, type Watermark } from '../domain/link.ts';
import { linkTimeoutMs } from '../domain/operation.ts';
import { type ConnectionInfo, type PrecheckItem, precheckItems } from '../domain/precheck.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { ApplyRefusal, ApplyRefusalOf } from '../domain/refusal.ts';
import { findQueuesOfKept, findQueuesOfOthers, findSharedQueues } from '../domain/shared-queues.ts';
import type { UseCaseContext } from './context.ts';
import {
  initialWatermarks,
  type LinkSnapshots,
  missingLinks,
  observationsOf,
  pausedLinks,
  readSnapshots,
  runningLinks,
  unreachableLinks,
  usedLinks,
  withoutFailures,
} from './link-snapshots.ts';
import { readProjectsAndUnreadable } from './list-projects.ts';
import type { InitialState } from './project-store.ts';

/** The changes that `apply` would make. */
export interface Plan {
  /** Null if the stored configuration stays as it is. */
  readonly configuration: PlannedConfiguration | null;
  readonly create: readonly PlannedCreate[];
  readonly update: readonly PlannedUpdate[];
  /** Projects that are no longer in the file, and their links that stay paused, or may. Empty without `prune`. */
  readonly remove: readonly { readonly project: Project; readonly leftPaused: readonly Link[] }[];
  /** Links that run although their project desires them paused, because an earlier apply was interrupted. */
  readonly pauseAgain: readonly { readonly project: Project; readonly links: readonly Link[] }[];
  readonly unchanged: readonly ProjectId[];
  /** Projects that are no longer in the file, and stay as they are. Empty with `prune`. */
  readonly kept: readonly ProjectId[];
  /** Projects that are not in the file and cannot be read. They stay, also with `prune`. */
  readonly unreadable: readonly ProjectId[];
}

export interface PlanOptions {
  /** Remove the projects that are not in the file. Otherwise a truncated file would remove most of them. */
  readonly prune: boolean;
}

/** A policy, settings or connections in the file that differ from the stored ones. */
export interface PlannedConfiguration {
  readonly configuration: Configuration;
  /** The stored version. 0 if none is stored: until then each process uses its own file. */
  readonly expectedVersion: number;
  readonly changes: readonly ConfigurationChange[];
}

/** A project in the file that has no record. */
export interface PlannedCreate extends DesiredProject {
  readonly initialState: InitialState;
  /** Links that run now and will be paused. */
  readonly linksToPause: readonly Link[];
  /** Links whose queue does not exist. Apply never creates a queue. */
  readonly missing: readonly Link[];
  readonly precheck: readonly PrecheckItem[];
}

/** A project whose definition in the file differs from its record. */
export interface PlannedUpdate {
  readonly project: Project;
  readonly definition: DesiredProject['definition'];
  readonly changes: readonly DefinitionChange[];
  /** Ids of the added links. */
  readonly added: readonly string[];
  readonly linksToPause: readonly Link[];
  readonly missing: readonly Link[];
  /** Removed links that stay paused, or may. */
  readonly leftPaused: readonly Link[];
  /** Watermarks of the added links, by link id. */
  readonly watermarks: Readonly<Record<string, Watermark>>;
}

export type PlanResult =
  | { readonly kind: 'planned'; readonly plan: Plan }
  /** Every reason at once. */
  | { readonly kind: 'refused'; readonly refusals: readonly ApplyRefusal[] };

type ReadContext = Pick<UseCaseContext, 'projects' | 'installations' | 'links' | 'configurations'>;

/** What a file defines. Without `configuration` only the projects are planned. */
export interface DesiredFile extends DesiredProjects {
  readonly configuration?: Configuration;
}

/**
 * Plans what applying the file would do, or returns every reason why it is refused. Changes nothing.
 * Throws `StoreUnavailableError`.
 */
export async function planApply(
  context: ReadContext,
  desired: DesiredFile,
  { prune }: PlanOptions = { prune: false },
): Promise<PlanResult> {
  const planned = await planConfiguration(context, desired.configuration ?? null);
  const { projects: stored, unreadable } = await readProjectsAndUnreadable(context);
  const diff = diffProjects(stored, desired.projects);
  const [removed, kept] = prune ? [diff.removed, []] : [[], diff.removed];
  const others = await context.installations.listOthers();
  const [snapshots, connections] = await Promise.all([
    readSnapshots(context, linksToRead(diff)),
    readConnectionsOf(context, [...kept, ...desired.projects], others.length > 0),
  ]);
  const isDesired = new Set(desired.projects.map(({ definition }) => definition.id));
  const refusals: ApplyRefusal[] = [
    ...(planned.kind === 'unreadable' ? [{ code: 'configuration_unreadable', project: null } as const] : []),
    ...unreadable
      .filter((id) => isDesired.has(id))
      .map((project) => ({ code: 'project_unreadable', project }) as const),
    ...findSharedQueues(desired.projects, connections),
    ...findQueuesOfKept(desired.projects, kept, connections),
    ...(desired.configuration === undefined ? [] : findConnectionsOfKept(kept, desired.configuration)),
    ...findQueuesOfOthers(desired.projects, others, connections),
    ...diff.created.flatMap((project) => createRefusals(project, snapshots)),
    ...diff.updated.flatMap((update) => updateRefusals(update, snapshots)),
    ...removed.flatMap(removalRefusals),
  ];
  if (refusals.length > 0 || planned.kind === 'unreadable') return { kind: 'refused', refusals };
  const [create, update, remove] = await Promise.all([
    Promise.all(diff.created.map((project) => planCreate(context, project, snapshots))),
    Promise.all(diff.updated.map((change) => planUpdate(context, change, snapshots))),
    Promise.all(
      removed.map(async (project) => ({
        project,
        leftPaused: await leftPaused(context, project.definition.links),
      })),
    ),
  ]);
  const pauseAgain = diff.unchanged
    .filter(wasInterrupted)
    .map((project) => ({ project, links: runningLinks(project.definition.links, snapshots) }))
    .filter(({ links }) => links.length > 0);
  const unchanged = diff.unchanged.map(({ id }) => id);
  return {
    kind: 'planned',
    plan: {
      configuration: planned.change,
      create,
      update,
      remove,
      pauseAgain,
      unchanged,
      kept: kept.map(({ id }) => id),
      unreadable: unreadable.filter((id) => !isDesired.has(id)),
    },
  };
}

/** Returns whether applying the plan would change nothing. */
export function isEmpty({ configuration, create, update, remove, pauseAgain }: Plan): boolean {
  return configuration === null && create.length + update.length + remove.length + pauseAgain.length === 0;
}

type ConfigurationPlan =
  | { readonly kind: 'planned'; readonly change: PlannedConfiguration | null }
  | { readonly kind: 'unreadable' };

async function planConfiguration(
  { configurations }: ReadContext,
  configuration: Configuration | null,
): Promise<ConfigurationPlan> {
  if (configuration === null) return { kind: 'planned', change: null };
  const stored = await configurations.read();
  if (stored.kind === 'unreadable') return stored;
  const changes = configurationChanges(stored.kind === 'none' ? null : stored.configuration, configuration);
  const expectedVersion = stored.kind === 'none' ? 0 : stored.version;
  const isStored = stored.kind === 'read' && changes.length === 0;
  return { kind: 'planned', change: isStored ? null : { configuration, expectedVersion, changes } };
}

/** Several connections may lead to one Redis. Reads nothing if only one connection counts. */
async function readConnectionsOf(
  { links }: ReadContext,
  projects: readonly Pick<DesiredProject, 'definition'>[],
  hasOthers: boolean,
): Promise<readonly ConnectionInfo[]> {
  const used = projects.flatMap(({ definition }) => definition.links.map(({ connection }) => connection));
  const names = new Set([...(hasOthers ? [defaultConnection] : []), ...used]);
  return names.size < 2 ? [] : links.readConnections([...names]);
}

/** The connections that links need which stay, although the file has neither. */
function findConnectionsOfKept(
  kept: readonly Project[],
  { connections }: Configuration,
): ApplyRefusalOf<'connection_of_kept'>[] {
  return kept.flatMap(({ id: project, definition }) => {
    const names = new Set(definition.links.map(({ connection }) => connection));
    const removed = [...names].filter((name) => name !== defaultConnection && !Object.hasOwn(connections, name));
    return removed.map((connection) => ({ code: 'connection_of_kept', project, connection }) as const);
  });
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
  const paused = pausedLinks(links, snapshots);
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
  context: ReadContext,
  project: DesiredProject,
  snapshots: LinkSnapshots,
): Promise<PlannedCreate> {
  const { links } = project.definition;
  const names = [...new Set(links.map((link) => link.connection))];
  const [connections, workers] = await Promise.all([
    context.links.readConnections(names),
    context.links.countWorkers(links),
  ]);
  const running = runningLinks(links, snapshots);
  const state = project.adopt ? adoptedState(links, snapshots) : 'not_started';
  return {
    ...project,
    initialState: { state, watermarks: initialWatermarks(links, snapshots) },
    linksToPause: state === 'running' ? [] : running,
    missing: missingLinks(links, snapshots),
    precheck: precheckItems({ connections, workers, links: observationsOf(links, snapshots).map(withoutFailures) }),
  };
}

/** `createRefusals` has excluded links of which some run and some are paused. */
function adoptedState(links: readonly Link[], snapshots: LinkSnapshots): InitialState['state'] {
  if (runningLinks(links, snapshots).length > 0) return 'running';
  return pausedLinks(links, snapshots).length > 0 ? 'paused' : 'not_started';
}

async function planUpdate(
  context: ReadContext,
  { project, definition, changes, added, removed }: UpdatedProject,
  snapshots: LinkSnapshots,
): Promise<PlannedUpdate> {
  return {
    project,
    definition,
    changes,
    added: added.map(linkId),
    linksToPause: runningLinks(added, snapshots),
    missing: missingLinks(added, snapshots),
    leftPaused: await leftPaused(context, removed),
    watermarks: initialWatermarks(added, snapshots),
  };
}

/** Links that no project has any longer and that are paused, or may be. */
async function leftPaused(context: ReadContext, links: readonly Link[]): Promise<Link[]> {
  const statuses = await context.links.readStatuses(links, linkTimeoutMs);
  return links.filter((_link, index) => statuses[index] === 'paused' || statuses[index] === 'unreachable');
}

/** The links that the plan depends on. */
function linksToRead({ created, updated, unchanged }: ProjectDiff): Link[] {
  return [
    ...created.flatMap(({ definition }) => definition.links),
    ...updated.flatMap(({ added }) => added),
    ...unchanged.filter(wasInterrupted).flatMap(({ definition }) => definition.links),
  ];
}
