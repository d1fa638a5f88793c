import type { AlertKind, Condition, ConditionOf } from '../../domain/conditions.ts';
import type { LimitChange } from '../../domain/paused-until.ts';
import type { AlertContext, ResolvedAlertFacts } from '../facts.ts';
import type { Formatter } from '../format.ts';
import { failedDetails, someLinks, tasksFailedDetails } from './alert-details.ts';
import { formatDuration } from './format.ts';
import { states } from './terms.ts';

/** After an alert is resolved: `alert resolved: links ran although they should have been paused`. */
export const pastTitles: Readonly<Record<AlertKind, string>> = {
  project_failed: 'it was Failed',
  unexpectedly_running: 'links ran although they should have been paused',
  pause_ignored: 'a worker ignored the pause',
  unexpectedly_paused: 'links were paused although they should have run',
  queue_missing: 'a queue was missing',
  queue_created: 'a queue was created',
  link_unreadable: 'a link could not be read',
  no_worker: 'no worker took its tasks',
  latency: 'it was too far behind',
  tasks_failed: 'tasks failed',
  log_retention_50: 'half of its log retention had passed',
  log_retention_80: 'most of its log retention had passed',
  log_retention_100: 'its log retention had ended, so changes could be lost',
  pause_ending: 'its pause was to end',
  pause_overdue: 'it had not been restored at the end of its pause',
  paused_reminder: 'it had been paused for a long time',
};

/** What was observed, a noun phrase or a clause in the past tense. Empty when nothing more is known than the kind. */
function pastDetails(condition: Condition | null, context: AlertContext): readonly string[] {
  if (condition === null) return [];
  switch (condition.kind) {
    case 'project_failed':
      return condition.failure === null ? [] : failedDetails(withoutWorkers(condition), context);
    case 'tasks_failed':
      return tasksFailedDetails(withoutWorkers(condition), context);
    case 'no_worker':
      return [someLinks(condition.noWorker.total > 0 ? condition.noWorker : condition.overdue, context)];
    case 'latency':
      return [`limit ${formatDuration(condition.limitMs)}`];
    case 'log_retention_50':
    case 'log_retention_80':
    case 'log_retention_100':
      return [];
    case 'pause_ending':
    case 'pause_overdue':
      return [`planned for ${context.format.time(condition.until)}`];
    case 'paused_reminder':
      return [`since ${context.format.time(condition.since)}, by ${context.format.person(condition.by)}`];
    default:
      return [someLinks(condition.links, context)];
  }
}

/** How many workers were connected then does not matter later. */
function withoutWorkers<Failed extends ConditionOf<'project_failed' | 'tasks_failed'>>(condition: Failed): Failed {
  if (condition.causes === undefined) return condition;
  const { workers: _workers, ...causes } = condition.causes;
  return { ...condition, causes };
}

/** The message is settled: its text stays true after the project has changed. Returns what follows the project. */
export function resolved(facts: ResolvedAlertFacts): readonly string[] {
  const { kind, occurrence, condition, format } = facts;
  if (condition?.kind === 'paused_reminder' && condition.kept !== undefined) return keptPaused(condition.kept, format);
  if (condition?.kind === 'pause_ending' && condition.change !== undefined) return movedEnd(condition.change, format);
  const at =
    occurrence === null
      ? ''
      : ` ${format.at(occurrence.resolvedAt)}, after ${formatDuration(occurrence.resolvedAt - occurrence.since)}`;
  const details = pastDetails(condition, facts);
  // A restore of a Failed project may fail too, so the alert does not say that the project runs.
  return kind === 'project_failed'
    ? [`Was ${states.failed} until a restore${at}`, ...details]
    : [endOf(facts, at), pastTitles[kind], ...details];
}

function keptPaused({ by, at, until }: NonNullable<ConditionOf<'paused_reminder'>['kept']>, format: Formatter) {
  const next = until === null ? [] : [`next reminder planned for ${format.time(until)}`];
  return [`Kept ${states.paused} by ${format.person(by)} ${format.at(at)}`, ...next];
}

function movedEnd({ kind, by, at, until }: LimitChange, format: Formatter): string[] {
  const who = `by ${format.person(by)} ${format.at(at)}`;
  if (kind === 'extended' && until !== null) return [`Pause extended until ${format.time(until)}`, who];
  return [`Kept ${states.paused} ${who}`, until === null ? 'without an end' : `until ${format.time(until)}`];
}

/** Alerts that only a Running project has. */
const runningOnlyKinds: ReadonlySet<AlertKind> = new Set(['no_worker', 'latency', 'tasks_failed']);

/** `Resolved at 03:09, after 5 min`. The state of the project counts only if it had it when the alert was resolved. */
function endOf({ kind, project: { id, state, since }, occurrence }: ResolvedAlertFacts, at: string): string {
  const isStateKnown = occurrence !== null && since <= occurrence.resolvedAt;
  // A pause resolves nothing.
  if (isStateKnown && runningOnlyKinds.has(kind) && state !== 'running')
    return `Ended${at}, because ${id} was ${states[state]}`;
  if (isStateKnown && kind.startsWith('log_') && (state === 'paused' || state === 'failed'))
    return `Ended${at}, because a newer reminder replaced it, or logRetention was changed`;
  return `Resolved${at}`;
}
