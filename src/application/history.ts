import type { HistoryEntry } from '../domain/history.ts';
import { cursorAfter, foldHistory, type HistoryCursor, type HistoryPage } from '../domain/history-lines.ts';
import type { ProjectId } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';
import { findProject, type Refused } from './queries.ts';

type HistoryContext = Pick<UseCaseContext, 'projects' | 'auditLog'>;

const entriesPerRead = 500;

/** Returns the newest `limit` entries of a project's history, newest first, also of a removed project. */
export async function getHistory(
  context: HistoryContext,
  id: string,
  limit: number,
): Promise<{ readonly kind: 'found'; readonly entries: readonly HistoryEntry[] } | Refused> {
  const entries: HistoryEntry[] = [];
  while (entries.length < limit) {
    const before = entries.at(-1)?.id;
    const readLimit = Math.min(entriesPerRead, limit - entries.length);
    const read = await context.auditLog.read(id, { limit: readLimit, ...(before === undefined ? {} : { before }) });
    entries.push(...read);
    if (read.length < readLimit) break;
  }
  if (entries.length > 0) return { kind: 'found', entries: entries.slice(0, limit) };
  const found = await findProject(context, id);
  return found.kind === 'refused' ? found : { kind: 'found', entries };
}

export interface HistoryPageRequest {
  readonly project: ProjectId;
  /** Null for the first page. */
  readonly cursor: HistoryCursor | null;
  /** How many lines a page has. */
  readonly size: number;
}

/** An operation has about five entries, so that one read mostly suffices for a page of ten lines. */
const readsPerLine = 10;
/** A page has fewer lines if it would need more entries than this. */
const maxEntriesPerPage = 5_000;

/** Returns one page of a project's history, also of a removed project. The entries after a cursor may be gone: then it is empty. */
export async function getHistoryPage(
  context: HistoryContext,
  { project, cursor, size }: HistoryPageRequest,
): Promise<{ readonly kind: 'found'; readonly page: HistoryPage } | Refused> {
  const entries: HistoryEntry[] = [];
  const readLimit = Math.min(size * readsPerLine, entriesPerRead);
  for (;;) {
    const before = entries.at(-1)?.id ?? cursor?.before;
    const read = await context.auditLog.read(project, {
      limit: readLimit,
      ...(before === undefined ? {} : { before }),
    });
    entries.push(...read);
    const page = foldHistory(entries, { size, cursor });
    const isLast = read.length < readLimit;
    if (isLast && entries.length === 0 && cursor === null) {
      const found = await findProject(context, project);
      if (found.kind === 'refused') return found;
    }
    if (isLast || page.next !== null) return { kind: 'found', page };
    if (entries.length >= maxEntriesPerPage)
      return { kind: 'found', page: { ...page, next: cursorAfter(entries, cursor) } };
  }
}
