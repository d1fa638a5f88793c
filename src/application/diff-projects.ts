import { type Link, linkId, type Project, type ProjectDefinition } from '../domain/project.ts';
import { pluralize } from '../messages/format.ts';

/** A project as syncbot.yml defines it. */
export interface DesiredProject {
  readonly definition: ProjectDefinition;
  /** Takes the state from the queues as they are. Ignored if the project has a record. */
  readonly adopt: boolean;
}

export interface DesiredProjects {
  readonly projects: readonly DesiredProject[];
}

/** Describes how the stored projects differ from the file, one clause for each project. Empty if the file is applied. */
export function describeDiff(stored: readonly Project[], { projects }: DesiredProjects): string[] {
  const storedById = new Map(stored.map((project) => [project.id, project]));
  const desiredIds = new Set(projects.map(({ definition }) => definition.id));
  return [
    ...projects.flatMap(({ definition }) => {
      const stored = storedById.get(definition.id)?.definition;
      if (stored === undefined) return [`${definition.id} is in the file and not applied`];
      const changes = definitionChanges(stored, definition);
      return changes.length === 0 ? [] : [`${definition.id} differs from the file: ${changes.join(', ')}`];
    }),
    ...stored.filter(({ id }) => !desiredIds.has(id)).map(({ id }) => `${id} is no longer in the file`),
  ];
}

/** Describes what a new definition changes, such as `description` or `link orders-incr added`. Empty if they are equal. */
export function definitionChanges(before: ProjectDefinition, after: ProjectDefinition): string[] {
  const { added, removed } = linkChanges(before, after);
  const fields = (
    ['description', 'source', 'target', 'labels', 'channel', 'onFailure', 'logRetention', 'latencyAlert'] as const
  ).filter((field) => !isEqual(before[field], after[field]));
  const links = [
    ...added.map((link) => `link ${link.queue} added`),
    ...removed.map((link) => `link ${link.queue} removed`),
  ];
  const isReordered = links.length === 0 && !isEqual(before.links.map(linkId), after.links.map(linkId));
  return [...fields, ...truncate(links), ...(isReordered ? ['order of the links'] : [])];
}

function linkChanges(before: ProjectDefinition, after: ProjectDefinition) {
  const without = (links: ProjectDefinition['links'], others: ProjectDefinition['links']) => {
    const ids = new Set(others.map(linkId));
    return links.filter((link) => !ids.has(linkId(link)));
  };
  return { added: without(after.links, before.links), removed: without(before.links, after.links) };
}

/** A stored project whose definition differs from the file. */
export interface UpdatedProject {
  readonly project: Project;
  readonly definition: DesiredProject['definition'];
  readonly added: readonly Link[];
  readonly removed: readonly Link[];
}

/** Projects of the file and the store. `removed`: stored, and no longer in the file. */
export interface ProjectDiff {
  readonly created: readonly DesiredProject[];
  readonly updated: readonly UpdatedProject[];
  readonly removed: readonly Project[];
  readonly unchanged: readonly Project[];
}

export function diffProjects(stored: readonly Project[], desired: readonly DesiredProject[]): ProjectDiff {
  const projectsById = new Map(stored.map((project) => [project.id, project]));
  const existing = desired.flatMap(({ definition }) => {
    const project = projectsById.get(definition.id);
    return project === undefined ? [] : [{ project, definition, ...linkChanges(project.definition, definition) }];
  });
  const ids = new Set(desired.map(({ definition }) => definition.id));
  const differs = ({ project, definition }: UpdatedProject) =>
    definitionChanges(project.definition, definition).length > 0;
  return {
    created: desired.filter(({ definition }) => !projectsById.has(definition.id)),
    updated: existing.filter(differs),
    unchanged: existing.filter((project) => !differs(project)).map(({ project }) => project),
    removed: stored.filter(({ id }) => !ids.has(id)),
  };
}

/** Returns whether an apply may have been interrupted: the project desires paused links, and they are not known to be paused. */
export function wasInterrupted({ state, version, syncedVersion }: Project): boolean {
  return (state === 'not_started' || state === 'paused') && syncedVersion < version;
}

function truncate(clauses: readonly string[]): string[] {
  const more = clauses.length - 6;
  return more > 1 ? [...clauses.slice(0, 6), pluralize(more, 'more link')] : [...clauses];
}

/** Compares plain data. The order of keys does not matter. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortedKeys) === JSON.stringify(b, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
