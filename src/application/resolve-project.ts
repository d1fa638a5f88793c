import { type ProjectId, projectIdSchema } from '../domain/project.ts';
import { matchProjects, type ProjectName } from '../domain/project-names.ts';
import { closestMatches } from '../lib/closest-match.ts';
import type { UseCaseContext } from './context.ts';

/** How many ids are suggested for a name. */
const maxSimilar = 5;

export type ResolvedName =
  /** `isExact`: the name is the id, as it was typed. */
  | { readonly kind: 'resolved'; readonly project: ProjectId; readonly isExact: boolean }
  /** No project or several. `similar` are the most likely ids. */
  | { readonly kind: 'unresolved'; readonly similar: readonly ProjectId[] };

/**
 * Finds the one project that a typed name means. The id of a project always means that project, also if it was removed and
 * only its history is left. Any other name must match exactly one project. A misspelled name matches none: its most similar
 * ids are suggestions. Throws `StoreUnavailableError`.
 */
export async function resolveProject(
  { projects, auditLog }: Pick<UseCaseContext, 'projects' | 'auditLog'>,
  name: ProjectName,
): Promise<ResolvedName> {
  const id = projectIdSchema.safeParse(name.text.toLowerCase());
  if (id.success && name.channel === null) {
    const exists =
      (await projects.readVersion(id.data)) !== null || (await auditLog.read(id.data, { limit: 1 })).length > 0;
    if (exists) return { kind: 'resolved', project: id.data, isExact: name.text === id.data };
  }
  const ids = await projects.listIds();
  const matches = matchProjects(name, await projects.readMany(ids)).map((project) => project.id);
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return { kind: 'resolved', project: only, isExact: false };
  const similar = matches.length > 0 ? matches.slice(0, maxSimilar) : closestMatches(name.text, ids, maxSimilar);
  return { kind: 'unresolved', similar };
}
