import type { Batch } from '../domain/batch.ts';
import type { Project, ProjectId } from '../domain/project.ts';
import type { ProjectName } from '../domain/project-names.ts';
import {
  batchesIn,
  findNamedProject,
  formatSelection,
  namesIn,
  type Selection,
  type SelectionFacts,
  selectProjects,
} from '../domain/selection.ts';
import { closestMatches } from '../lib/closest-match.ts';
import type { UseCaseContext } from './context.ts';
import { readAllProjects } from './list-projects.ts';

/** How many ids are suggested for a name. */
const maxSimilar = 5;

export type ResolvedSelection =
  /** `selection` has the id of each project in place of its name. `projects` are sorted by their id. */
  | {
      readonly kind: 'resolved';
      readonly selection: Selection;
      readonly projects: readonly Project[];
      /** Those that the selection names. */
      readonly batches: readonly Batch[];
    }
  /** The name means no project, or several. `corrected`: the selection with likely ids in its place. */
  | { readonly kind: 'unknown_name'; readonly name: string; readonly corrected: readonly Selection[] }
  /** `unmatched`: the terms that no project matches. */
  | { readonly kind: 'empty'; readonly unmatched: readonly string[] };

export interface NameOptions {
  /** Reads a name as it was typed. */
  readonly readName: (name: string) => ProjectName;
  /** Whether a name must be the whole id of a project. */
  readonly onlyIds: boolean;
}

/** Finds the projects of a selection. Throws `StoreUnavailableError`. */
export async function resolveSelection(
  context: Pick<UseCaseContext, 'projects' | 'batches'>,
  selection: Selection,
  { readName, onlyIds }: NameOptions,
): Promise<ResolvedSelection> {
  const projects = await readAllProjects(context);
  const idsByName = new Map<string, ProjectId>();
  for (const name of namesIn(selection)) {
    const named = findNamedProject(readName(name), projects);
    if (named.kind === 'similar' && onlyIds) return unknownName(selection, name, [named.id]);
    if (named.kind === 'several') return unknownName(selection, name, named.ids.slice(0, maxSimilar));
    if (named.kind === 'none') {
      const ids = projects.map(({ id }) => id);
      return unknownName(selection, name, closestMatches(readName(name).text, ids, maxSimilar));
    }
    idsByName.set(name, named.id);
  }
  const found = await Promise.all(batchesIn(selection).map((id) => context.batches.read(id)));
  const batches = found.filter((batch) => batch !== null);
  const projectsByBatch = new Map(batches.map(({ id, items }) => [id, new Set(items.map(({ project }) => project))]));
  const facts: SelectionFacts = { idsByName, projectsByBatch };
  const selected = selectProjects(selection, projects, facts);
  if (selected.length === 0) return { kind: 'empty', unmatched: findUnmatched(selection, projects, facts) };
  const renamed = [...idsByName].reduce<Selection>((each, [name, id]) => renameTerm(each, name, id), selection);
  return { kind: 'resolved', selection: renamed, projects: selected, batches };
}

function unknownName(selection: Selection, name: string, ids: readonly ProjectId[]): ResolvedSelection {
  return { kind: 'unknown_name', name, corrected: ids.map((id) => renameTerm(selection, name, id)) };
}

function renameTerm({ terms, except }: Selection, name: string, id: ProjectId): Selection {
  const rename = (each: Selection['terms']) =>
    each.map((term) => (term.kind === 'name' && term.name === name ? { ...term, name: id } : term));
  return { terms: rename(terms), except: rename(except) };
}

function findUnmatched({ terms }: Selection, projects: readonly Project[], facts: SelectionFacts): string[] {
  const isUnmatched = (term: Selection['terms'][number]) =>
    selectProjects({ terms: [term], except: [] }, projects, facts).length === 0;
  return terms.filter(isUnmatched).map((term) => formatSelection({ terms: [term], except: [] }));
}
