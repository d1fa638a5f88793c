import { type HistoryEntry, requestedFrom } from './history.ts';

/** An entry of the audit log as other programs read it. Its keys are stable. */
export function auditEvent(entry: HistoryEntry) {
  const { id, at, event, by, action, operation, reason, version, state, code, outcome } = entry;
  const from = requestedFrom(entry);
  return { id, at, event, by, from, action, operation, reason, version, state, code, outcome };
}
