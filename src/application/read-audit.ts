import { compareEntryIds, type HistoryEntry } from '../domain/history.ts';
import type { ProjectId } from '../domain/project.ts';
import { toChunks } from '../lib/async.ts';
import type { UseCaseContext } from './context.ts';
import type { AuditLog, AuditOrder } from './stores.ts';

export interface ProjectEntry {
  readonly project: ProjectId;
  readonly entry: HistoryEntry;
}

export interface AuditRequest {
  /** Epoch ms of the bot's Redis server. Null for all that is stored. */
  readonly since: number | null;
  readonly order: AuditOrder;
  /** How many entries are returned. Null for all. */
  readonly limit: number | null;
}

/** How many entries a span of time may have. At most twice as many are in memory at a time. */
const maxEntriesPerSpan = 20_000;
const minEntriesPerSpan = 500;
/** Each project costs two commands. So many projects are read at once. */
const projectsPerRead = 500;
const maxPageSize = 500;

/**
 * Returns the entries of all projects in one order, also of removed projects, up to now. Entries of two projects in the same
 * millisecond have no order. It reads one span of time after the other, so that memory does not depend on the length of the log:
 * a span that has too many entries is halved, and one that has few is doubled.
 */
export async function* readAudit(
  { auditLog, serverClock }: Pick<UseCaseContext, 'auditLog' | 'serverClock'>,
  { since, order, limit }: AuditRequest,
): AsyncGenerator<ProjectEntry> {
  const now = await serverClock.now();
  const sources = await findSources(auditLog, { since: since ?? 0, until: now + 1 });
  if (sources.length === 0) return;
  const projects = sources.map(({ project }) => project);
  const isOldestFirst = order === 'oldest_first';
  const maxEntries = Math.min(maxEntriesPerSpan, Math.max(minEntriesPerSpan, limit ?? maxEntriesPerSpan));
  let rest: Span = { since: Math.min(...sources.map(({ firstAt }) => firstAt)), until: now + 1 };
  let length = rest.until - rest.since;
  let returned = 0;
  while (rest.since < rest.until) {
    const { since: from, until: to } = rest;
    const span = isOldestFirst
      ? { since: from, until: Math.min(from + length, to) }
      : { since: Math.max(from, to - length), until: to };
    const entries = await readSpan(auditLog, { projects, span, maxEntries: length === 1 ? null : maxEntries });
    if (entries === null) {
      length = Math.ceil(length / 2);
      continue;
    }
    entries.sort((a, b) => compareEntryIds(a.entry.id, b.entry.id));
    for (const entry of isOldestFirst ? entries : entries.reverse()) {
      if (returned === limit) return;
      yield entry;
      returned += 1;
    }
    rest = isOldestFirst ? { since: span.until, until: to } : { since: from, until: span.since };
    if (entries.length < maxEntries / 2) length *= 2;
  }
}

/** Epoch ms. `until` is exclusive. */
interface Span {
  readonly since: number;
  readonly until: number;
}

interface AuditSource {
  readonly project: ProjectId;
  /** The time of its oldest entry in the span, whole epoch ms. */
  readonly firstAt: number;
}

/** The projects that have entries in the span. */
async function findSources(auditLog: AuditLog, span: Span): Promise<AuditSource[]> {
  const sources: AuditSource[] = [];
  for (const chunk of toChunks(await auditLog.listProjects(), projectsPerRead)) {
    const firsts = await Promise.all(
      chunk.map((id) => auditLog.read(id, { ...span, limit: 1, order: 'oldest_first' })),
    );
    for (const [index, [first]] of firsts.entries()) {
      const project = chunk[index];
      if (project !== undefined && first !== undefined) sources.push({ project, firstAt: entryTime(first) });
    }
  }
  return sources;
}

/** The time in the id of the entry, by which the log is read: whole epoch ms. */
export function entryTime({ id }: HistoryEntry): number {
  return Number(id.split('-', 1)[0]);
}

interface SpanRequest {
  readonly projects: readonly ProjectId[];
  readonly span: Span;
  /** Null for any number. */
  readonly maxEntries: number | null;
}

/** Returns the entries of the span, in no order. Returns null if there are more than `maxEntries`. */
async function readSpan(
  auditLog: AuditLog,
  { projects, span, maxEntries }: SpanRequest,
): Promise<ProjectEntry[] | null> {
  const pageSize = Math.max(1, Math.floor(maxEntriesPerSpan / Math.min(projects.length, projectsPerRead)));
  const limit = Math.min(maxPageSize, pageSize);
  const found: ProjectEntry[] = [];
  const isTooMuch = () => maxEntries !== null && found.length > maxEntries;
  for (const chunk of toChunks(projects, projectsPerRead)) {
    const pages = await Promise.all(
      chunk.map(async (project) => ({ project, page: await auditLog.read(project, { ...span, limit }) })),
    );
    for (const { project, page } of pages) found.push(...page.map((entry) => ({ project, entry })));
    for (const { project, page } of pages) {
      if (isTooMuch()) return null;
      let last = page.length < limit ? undefined : page.at(-1);
      while (last !== undefined && !isTooMuch()) {
        const more = await auditLog.read(project, { ...span, limit: maxPageSize, before: last.id });
        found.push(...more.map((entry) => ({ project, entry })));
        last = more.length < maxPageSize ? undefined : more.at(-1);
      }
    }
    if (isTooMuch()) return null;
  }
  return found;
}
