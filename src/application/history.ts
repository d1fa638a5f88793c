import type { HistoryEntry } from '../domain/history.ts';
import {
  compareLines,
  cursorAfter,
  foldHistory,
  type HistoryCursor,
  type HistoryPage,
  mainEntry,
} from '../domain/history-lines.ts';
import type { ProjectId } from '../domain/project.ts';
import type { ProjectLine } from '../domain/similar-lines.ts';
import { toChunks } from '../lib/async.ts';
import type { SinceTime } from '../lib/since-time.ts';
import type { UseCaseContext } from './context.ts';
import { findProject, type Refused } from './queries.ts';

type HistoryContext = Pick<UseCaseContext, 'projects' | 'auditLog'>;

const entriesPerRead = 500;

interface EntryRange {
  readonly limit: number;
  /** Epoch ms. */
  readonly since?: number | undefined;
}

/** Returns the newest `limit` entries of a project's history, newest first, also of a removed project. */
export async function getHistory(
  context: HistoryContext,
  id: string,
  range: EntryRange,
): Promise<{ readonly kind: 'found'; readonly entries: readonly HistoryEntry[] } | Refused> {
  const entries = await readEntries(context, id, range);
  if (entries.length > 0) return { kind: 'found', entries };
  const found = await findProject(context, id);
  return found.kind === 'refused' ? found : { kind: 'found', entries };
}

async function readEntries(
  { auditLog }: HistoryContext,
  id: ProjectId,
  { limit, since }: EntryRange,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  while (entries.length < limit) {
    const before = entries.at(-1)?.id;
    const readLimit = Math.min(entriesPerRead, limit - entries.length);
    const read = await auditLog.read(id, { limit: readLimit, before, since });
    entries.push(...read);
    if (read.length < readLimit) break;
  }
  return entries.slice(0, limit);
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
    const read = await context.auditLog.read(project, { limit: readLimit, before });
    entries.push(...read);
    const page = foldHistory(entries, { size, cursor });
    const isLast = read.length < readLimit;
    if (isLast && entries.length === 0 && cursor === null) {
      const found = await findProject(context, project);
      if (found.kind === 'refused') return found;
    }
    const isLong = entries.length >= maxEntriesPerPage;
    if (!isLast && !isLong && page.next === null) continue;
    const next = page.next ?? (isLast ? null : cursorAfter(entries, cursor));
    return { kind: 'found', page: { lines: [...page.lines].sort(compareLines), next } };
  }
}

/** From when on the history of all projects is shown if nothing else is asked for. */
export const defaultHistorySince: SinceTime = { kind: 'ago', ms: 12 * 3_600_000 };

export interface HistorySince {
  /** The lines of these projects that changed last, in the order of `compareLines`. */
  readonly lines: readonly ProjectLine[];
  /** How many lines there are, shown or not. */
  readonly lineCount: number;
  /** How many projects have lines. */
  readonly projectCount: number;
  /** Whether `lineCount` is exact. It is a lower bound if a project has more entries than were read. */
  readonly isComplete: boolean;
}

export interface HistorySinceRequest {
  /** Null for all projects that exist. */
  readonly project: ProjectId | null;
  /** Epoch ms of the bot's Redis server. */
  readonly since: number;
  /** Epoch ms, exclusive. Without it the newest entries are read too. */
  readonly until?: number | undefined;
  /** How many lines are returned. */
  readonly maxLines: number;
}

/** Each project costs two commands. So many projects are read at once. */
const projectsPerRead = 500;
/** Bounds for the entries that are read of each project. With many projects they are few, so that all of them stay bounded. */
const minEntriesPerProject = 20;
const maxEntriesPerProject = 200;
const maxEntriesOfAll = 40_000;

/** Returns what happened since a time, in one project or in all. */
export async function getHistorySince(
  context: HistoryContext,
  { project, ...range }: HistorySinceRequest,
): Promise<({ readonly kind: 'found' } & HistorySince) | Refused> {
  if (project === null) return { kind: 'found', ...(await getHistoryOfAll(context, range)) };
  const history = await readHistories(context, [project], range);
  if (history.lineCount === 0) {
    const found = await findProject(context, project);
    if (found.kind === 'refused') return found;
  }
  return { kind: 'found', ...history };
}

/** Returns what happened since a time in all projects that exist. */
export async function getHistoryOfAll(
  context: HistoryContext,
  range: Omit<HistorySinceRequest, 'project'>,
): Promise<HistorySince> {
  return readHistories(context, await context.projects.listIds(), range);
}

/**
 * Reads a few entries of each project, then more of those that can have more lines among the newest ones: these are at most
 * `maxLines` projects.
 */
async function readHistories(
  context: HistoryContext,
  ids: readonly ProjectId[],
  { since, until, maxLines }: Omit<HistorySinceRequest, 'project'>,
): Promise<HistorySince> {
  const share = Math.floor(maxEntriesOfAll / Math.max(1, ids.length));
  const limit = Math.min(maxEntriesPerProject, Math.max(minEntriesPerProject, share));
  let newest: ProjectLine[] = [];
  const lineCounts = new Map<ProjectId, number>();
  /** The time of the oldest entry that was read of a project that has older ones. */
  const truncatedAt = new Map<ProjectId, number>();
  const read = async (some: readonly ProjectId[], entryLimit: number) => {
    const histories = await Promise.all(some.map((id) => readLines(context, id, { since, until, limit: entryLimit })));
    newest = newestOf([...newest, ...histories.flatMap(({ lines }) => lines)], maxLines);
    for (const history of histories) {
      lineCounts.set(history.project, history.lines.length);
      if (history.truncatedAt === null) truncatedAt.delete(history.project);
      else truncatedAt.set(history.project, history.truncatedAt);
    }
  };
  for (const chunk of toChunks(ids, projectsPerRead)) await read(chunk, limit);
  const oldestShown = newest.length < maxLines ? 0 : timeOf(newest.at(-1));
  const toReread = [...truncatedAt].filter(([, at]) => at >= oldestShown).map(([id]) => id);
  newest = newest.filter((line) => !toReread.includes(line.project));
  await read(toReread, maxEntriesPerProject);

  const counts = [...lineCounts.values()];
  const lineCount = counts.reduce((sum, count) => sum + count, 0);
  const projectCount = counts.filter((count) => count > 0).length;
  const lines = newest.sort((a, b) => compareLines(a.line, b.line));
  return { lines, lineCount, projectCount, isComplete: truncatedAt.size === 0 };
}

interface ProjectHistory {
  readonly project: ProjectId;
  readonly lines: readonly ProjectLine[];
  /** The time of the oldest entry that was read, epoch ms, if there are older ones. */
  readonly truncatedAt: number | null;
}

async function readLines(
  { auditLog }: HistoryContext,
  project: ProjectId,
  { since, until, limit }: Pick<HistorySinceRequest, 'since' | 'until'> & { readonly limit: number },
): Promise<ProjectHistory> {
  const entries = await auditLog.read(project, { limit: limit + 1, since, until });
  const { lines } = foldHistory(entries.slice(0, limit), { size: Number.POSITIVE_INFINITY, cursor: null });
  return {
    project,
    lines: lines.map((line) => ({ project, line })),
    truncatedAt: entries.length > limit ? (entries[limit - 1]?.at ?? 0) : null,
  };
}

function newestOf(lines: readonly ProjectLine[], count: number): ProjectLine[] {
  return [...lines].sort((a, b) => timeOf(b) - timeOf(a)).slice(0, count);
}

function timeOf(projectLine: ProjectLine | undefined): number {
  return projectLine === undefined ? 0 : mainEntry(projectLine.line).at;
}
