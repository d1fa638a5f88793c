import { type Link, linkId } from './link.ts';
import type { Project, ProjectDefinition } from './project.ts';

/** A project as syncbot.yml defines it. */
export interface DesiredProject {
  readonly definition: ProjectDefinition;
  /** Takes the state from the queues as they are. Ignored if the project has a record. */
  readonly adopt: boolean;
}

export interface DesiredProjects {
  readonly projects: readonly DesiredProject[];
}

const comparedFields = [
  'description',
  'source',
  'target',
  'labels',
  'channel',
  'onCall',
  'runbook',
  'onFailure',
  'logRetention',
  'latencyAlert',
  'pausedReminder',
  'pauseMax',
] as const satisfies readonly (keyof ProjectDefinition)[];

/** One difference between two definitions of a project. */
export type DefinitionChange =
  | { readonly kind: 'field'; readonly field: (typeof comparedFields)[number] }
  | { readonly kind: 'link_added' | 'link_removed'; readonly link: Link }
  | { readonly kind: 'links_reordered' };

/** Returns what a new definition changes. Empty if the definitions are equal. */
export function definitionChanges(before: ProjectDefinition, after: ProjectDefinition): DefinitionChange[] {
  const fields = comparedFields.filter((field) => !isEqual(before[field], after[field]));
  const { added, removed } = linkChanges(before, after);
  const hasSameLinks = added.length + removed.length === 0;
  const isReordered = hasSameLinks && !isEqual(before.links.map(linkId), after.links.map(linkId));
  return [
    ...fields.map((field) => ({ kind: 'field', field }) as const),
    ...added.map((link) => ({ kind: 'link_added', link }) as const),
    ...removed.map((link) => ({ kind: 'link_removed', link }) as const),
    ...(isReordered ? [{ kind: 'links_reordered' } as const] : []),
  ];
}

/** A stored project whose definition differs from the file. */
export interface UpdatedProject {
  readonly project: Project;
  readonly definition: ProjectDefinition;
  readonly changes: readonly DefinitionChange[];
  readonly added: readonly Link[];
  readonly removed: readonly Link[];
}

/** How the file differs from the stored projects. `removed`: stored, and no longer in the file. */
export interface ProjectDiff {
  readonly created: readonly DesiredProject[];
  readonly updated: readonly UpdatedProject[];
  readonly removed: readonly Project[];
  readonly unchanged: readonly Project[];
}

export function diffProjects(stored: readonly Project[], desired: readonly DesiredProject[]): ProjectDiff {
  const storedById = new Map(stored.map((project) => [project.id, project]));
  const desiredIds = new Set(desired.map(({ definition }) => definition.id));
  const existing = desired.flatMap(({ definition }) => {
    const project = storedById.get(definition.id);
    if (project === undefined) return [];
    const changes = definitionChanges(project.definition, definition);
    return [{ project, definition, changes, ...linkChanges(project.definition, definition) }];
  });
  return {
    created: desired.filter(({ definition }) => !storedById.has(definition.id)),
    updated: existing.filter(({ changes }) => changes.length > 0),
    removed: stored.filter(({ id }) => !desiredIds.has(id)),
    unchanged: existing.filter(({ changes }) => changes.length === 0).map(({ project }) => project),
  };
}

/** Returns whether an apply may have been interrupted: the project desires paused links, and they are not known to be paused. */
export function wasInterrupted({ state, version, reconciledVersion }: Project): boolean {
  return (state === 'not_started' || state === 'paused') && reconciledVersion < version;
}

function linkChanges(before: ProjectDefinition, after: ProjectDefinition) {
  const without = (links: readonly Link[], others: readonly Link[]) => {
    const ids = new Set(others.map(linkId));
    return links.filter((link) => !ids.has(linkId(link)));
  };
  return { added: without(after.links, before.links), removed: without(before.links, after.links) };
}

/** Compares plain data. The order of keys does not matter. */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sortedKeys) === JSON.stringify(b, sortedKeys);
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
