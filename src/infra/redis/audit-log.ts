import type { AuditLog, AuditRange } from '../../application/stores.ts';
import { compareEntryIds, type HistoryEntry, historyEntrySchema } from '../../domain/history.ts';
import { projectIdSchema } from '../../domain/project.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { flatHashSchema } from './records.ts';
import { json } from './scripts.ts';
import { sendCommands } from './send-commands.ts';
import { defineStep, noReply, type StepRunner } from './steps.ts';

const recordRefusalStep = defineStep('record-refusal', noReply);

export interface AuditLogOptions {
  readonly client: RedisClient;
  readonly keys: Keys;
  readonly runStep: StepRunner;
}

/**
 * Two Redis streams per project: the audit log, to which the atomic steps append, and the refused requests. They stay when
 * the project is removed. Reads merge them.
 */
export function createAuditLog({ client, keys, runStep }: AuditLogOptions): AuditLog {
  return {
    async read(id, { limit, order = 'newest_first', before, since, until }) {
      const start = since === undefined ? '-' : String(Math.floor(since));
      const end = endOf({ before, until });
      const { audit, refusals } = keys.project(id);
      const isNewestFirst = order === 'newest_first';
      const pages = await sendCommands(client, (redis) =>
        Promise.all(
          [audit, refusals].map((stream) =>
            isNewestFirst
              ? redis.xrevrange(stream, end, start, 'COUNT', String(limit))
              : redis.xrange(stream, start, end, 'COUNT', String(limit)),
          ),
        ),
      );
      const entries = pages.flat().sort(([a], [b]) => (isNewestFirst ? compareEntryIds(b, a) : compareEntryIds(a, b)));
      // The next page begins below the last id of this one. Both streams may have an entry with that id.
      const endsBetweenEqualIds = entries[limit] !== undefined && entries[limit]?.[0] === entries[limit - 1]?.[0];
      return entries
        .slice(0, endsBetweenEqualIds ? limit + 1 : limit)
        .map(([entryId, fields]) => parseHistoryEntry(entryId, flatHashSchema.parse(fields)));
    },
    async listProjects() {
      const [existing, removed] = await sendCommands(client, (redis) =>
        Promise.all([redis.smembers(keys.projects), redis.smembers(keys.removedProjects)]),
      );
      return [...new Set([...existing, ...removed])].filter((id) => projectIdSchema.safeParse(id).success).sort();
    },
    async recordRefusal(id, { refusal, ...request }) {
      await runStep(recordRefusalStep, {
        project: id,
        ...request,
        code: refusal.code,
        refusal: JSON.stringify(refusal),
      });
    },
  };
}

function endOf({ before, until }: Pick<AuditRange, 'before' | 'until'>): string {
  if (before !== undefined) return `(${before}`;
  return until === undefined ? '+' : `(${Math.floor(until)}-0`;
}

/** Reads an entry of any format version. A field that is missing or cannot be read is null. */
function parseHistoryEntry(id: string, hash: Record<string, string>): HistoryEntry {
  const text = (field: string) => (hash[field] ? hash[field] : null);
  const number = (field: string) => (hash[field] ? Number(hash[field]) : null);
  const fields = ['operation', 'by', 'action', 'reason', 'origin', 'channel', 'state', 'code', 'cause', 'alertKind'];
  return historyEntrySchema.parse({
    ...Object.fromEntries(fields.map((field) => [field, text(field)])),
    id,
    at: number('at') || Number(id.split('-', 1)[0]),
    event: text('event') ?? 'unknown',
    version: number('version'),
    refusal: jsonOrNull(hash['refusal']),
    outcome: jsonOrNull(hash['outcome']),
    failure: jsonOrNull(hash['failure']),
    alert: jsonOrNull(hash['alert']),
    delivered: jsonOrNull(hash['delivered']),
    links: jsonOrNull(hash['links']),
    until: number('until'),
    catchUpMs: number('catchUpMs'),
    tasks: jsonOrNull(hash['tasks']),
  });
}

function jsonOrNull(text: string | undefined): unknown {
  return json.safeParse(text).data ?? null;
}
