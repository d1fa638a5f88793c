import type { AuditLog } from '../../application/stores.ts';
import { type HistoryEntry, historyEntrySchema } from '../../domain/history.ts';
import type { RedisClient } from './client.ts';
import { projectKeys } from './keys.ts';
import { flatHashSchema } from './records.ts';
import { sendCommands } from './send-commands.ts';
import { defineStep, noReply, type StepRunner } from './steps.ts';

const recordRefusalStep = defineStep('record-refusal', noReply);

/** One Redis stream per project. The atomic steps append to it. It stays when the project is removed. */
export function createAuditLog(client: RedisClient, runStep: StepRunner): AuditLog {
  return {
    async read(id, { limit, before }) {
      const end = before === undefined ? '+' : `(${before}`;
      const entries = await sendCommands(client, (redis) =>
        redis.xrevrange(projectKeys(id).audit, end, '-', 'COUNT', String(limit)),
      );
      return entries.map(([entryId, fields]) => parseHistoryEntry(entryId, flatHashSchema.parse(fields)));
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
  });
}

function jsonOrNull(text: string | undefined): unknown {
  try {
    return JSON.parse(text || 'null');
  } catch {
    return null;
  }
}
