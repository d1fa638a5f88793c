import { emptyFilter, parseListFilter } from '../domain/list-filter.ts';
import type { Project } from '../domain/project.ts';
import { matchProjects } from '../domain/project-names.ts';
import type { UseCaseContext } from './context.ts';
import { listProjects } from './list-projects.ts';

/**
 * The projects that a typed text can mean: those with such a name, else those that match it as a filter, such as `failed`.
 * All projects for an empty text. The most urgent one comes first among equally good matches. Throws `StoreUnavailableError`.
 */
export async function searchProjects(context: Pick<UseCaseContext, 'projects'>, typed: string): Promise<Project[]> {
  const text = typed.trim();
  const projects = await listProjects(context, emptyFilter);
  if (text === '') return projects;
  const named = matchProjects({ text, channel: null }, projects);
  if (named.length > 0) return named;
  const filter = parseListFilter(text);
  return filter.kind === 'filter' ? listProjects(context, filter.filter) : [];
}
