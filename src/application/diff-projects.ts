import { type Link, linkId } from '../domain/link.ts';
import type { Project, ProjectDefinition } from '../domain/project.ts';

/** A project as syncbot.yml wants it. */
export interface DesiredProject {
  readonly definition: ProjectDefinition;
  /** Take the state from queues already in use; looked at only when the project has no record. */
  readonly adopt: boolean;
}

/** All that syncbot.yml says of projects. */
export interface DesiredProjects {
  readonly projects: readonly DesiredProject[];
}

/** In what the stored projects and the file differ, a clause for each; empty: the file is applied. */
export function describeDiff(stored: readonly Project[], { projects }: DesiredProjects): string[] {
  const storedById = new Map(stored.map((project) => [project.id, project]));
  const desiredIds = new Set(projects.map(({ definition }) => definition.id));
  return [
    ...projects.flatMap(({ definition }) => {
      const before = storedById.get(definition.id)?.definition;
      if (before === undefined) return [`${definition.id} is in the file and not applied`];
      const changes = definitionChanges(before, definition);
      return changes.length === 0 ? [] : [`${definition.id} differs from the file: ${changes.join(', ')}`];
    }),
    ...stored.filter(({ id }) => !desiredIds.has(id)).map(({ id }) => `${id} is no longer in the file`),
  ];
}

/** What a new definition changes, in words: `description`, `link orders-incr added`. */
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

/** The links that only one of two definitions has. */
export function linkChanges(before: ProjectDefinition, after: ProjectDefinition) {
  const without = (links: ProjectDefinition['links'], others: ProjectDefinition['links']) => {
    const ids = new Set(others.map(linkId));
    return links.filter((link) => !ids.has(linkId(link)));
  };
  return { added: without(after.links, before.links), removed: without(before.links, after.links) };
}

/** A stored project whose definition differs from the file, and how its links differ. */
export interface UpdatedProject {
  readonly project: Project;
  readonly definition: DesiredProject['definition'];
  readonly added: readonly Link[];
  readonly removed: readonly Link[];
}

/** The projects of file and store, by what has to be done. */
export interface ProjectDiff {
  readonly created: readonly DesiredProject[];
  readonly updated: readonly UpdatedProject[];
  readonly removed: readonly Project[];
  readonly unchanged: readonly Project[];
}

/** Compares the file with what is stored. */
export function diffProjects(stored: readonly Project[], desired: readonly DesiredProject[]): ProjectDiff {
  const storedById = new Map(stored.map((project) => [project.id, project]));
  const existing = desired.flatMap(({ definition }) => {
    const project = storedById.get(definition.id);
    return project === undefined ? [] : [{ project, definition, ...linkChanges(project.definition, definition) }];
  });
  const ids = new Set(desired.map(({ definition }) => definition.id));
  const differs = ({ project, definition }: UpdatedProject) =>
    definitionChanges(project.definition, definition).length > 0;
  return {
    created: desired.filter(({ definition }) => !storedById.has(definition.id)),
    updated: existing.filter(differs),
    unchanged: existing.filter((one) => !differs(one)).map(({ project }) => project),
    removed: stored.filter(({ id }) => !ids.has(id)),
  };
}

/** Held still by its state, and the links were not seen to agree since its last change. */
export function wasInterrupted({ state, version, syncedVersion }: Project): boolean {
  return (state === 'not_started' || state === 'paused') && syncedVersion < version;
}

function truncate(clauses: readonly string[]): string[] {
  const more = clauses.length - 6;
  return more > 1 ? [...clauses.slice(0, 6), `${more} more links`] : [...clauses];
}

/** Plain data, whatever the order of its keys. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortedKeys) === JSON.stringify(b, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
