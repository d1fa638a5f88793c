import { findWrongBatchResponses } from './batch-responses.ts';
import type { ReplayResult } from './history-check.ts';
import type { Fields, ProjectRecords } from './records.ts';
import { transitions } from './state-model.ts';
import type { Trace } from './trace.ts';

/** Compares the results that users received with the history. Returns the differences. */
export function findWrongResponses(
  trace: Trace,
  histories: ReadonlyMap<string, ReplayResult & { readonly records: ProjectRecords }>,
): string[] {
  const { requests, presses, cliRuns, keeps, alertPresses, endChanges, waitPresses } = trace;
  const violations = findWrongBatchResponses(trace, histories);
  for (const { project, action, by, result, permission, isQueueMissing } of requests) {
    const report = (violation: string) => violations.push(`${project}: ${action} by ${by} ${violation}`);
    if (result.kind === 'requested') {
      if (permission === 'not_operator') report('was accepted, although the policy does not name this person');
      if (action === 'start' && isQueueMissing) report('was accepted, although a queue was missing');
      continue;
    }
    const { refusal } = result;
    const versions = histories.get(project)?.versions ?? [];
    const isCorrect: Readonly<Record<string, boolean>> = {
      not_operator: permission !== 'operator',
      // A precheck may fail for a moment, while a link's worker restarts.
      precheck_failed: action === 'start',
      not_allowed:
        refusal.code === 'not_allowed' &&
        transitions[action]?.from.includes(refusal.state) === false &&
        versions.some(
          ({ state, since, by }) => state === refusal.state && since === refusal.since && by === refusal.by,
        ),
      no_task_to_skip: action === 'restore',
      not_skipped: action === 'retry',
      no_drift: action === 'reapply' || action === 'adopt',
      adopt_mixed: action === 'adopt',
      links_unreachable: action === 'adopt',
      limit_above_max: action === 'pause',
      // The history has who waited.
      pause_waits: action === 'pause',
    };
    if (isCorrect[refusal.code] !== true) report(`was refused with ${JSON.stringify(refusal)}`);
  }
  const resolutionCounts = new Map<string, number>();
  for (const { operation, by, decision, result, permission } of presses) {
    const stored = histories.get(operation.project)?.records.operations.get(operation.id);
    const report = (violation: string) => violations.push(`${operation.project}: ${operation.id} ${violation}`);
    if (result.kind === 'refused') {
      const { code } = result.refusal;
      const isCorrect: Readonly<Record<string, boolean>> = {
        not_requester: by !== operation.by,
        not_operator: decision === 'confirm' && permission !== 'operator',
      };
      if (isCorrect[code] !== true) report(`${decision} by ${by} was refused with ${code}`);
      continue;
    }
    if (decision === 'confirm' && permission === 'not_operator')
      report(`was confirmed by ${by}, although the policy does not name this person`);
    if (by !== operation.by) report(`was resolved by ${by}, requested by ${operation.by}`);
    if (result.kind === 'resolved') resolutionCounts.set(operation.id, (resolutionCounts.get(operation.id) ?? 0) + 1);
    if (String(result.operation.resolvedAt) !== stored?.['resolvedAt'])
      report('has another resolution than the result of a press');
    const { state, refusal } = result.operation;
    const isOtherWaiting = decision === 'confirm' && state === 'refused' && refusal?.code === 'pause_waits';
    if (result.kind === 'resolved' && !isOtherWaiting && !resolvedStates[decision].includes(state))
      report(`${decision} made it ${state}`);
    if (state === 'requested') report('was not resolved by a press');
  }
  for (const { project, operation, exit, code } of cliRuns) {
    const stored = operation === null ? undefined : histories.get(project)?.records.operations.get(operation.id);
    if (!isCorrectExit(stored, exit, code))
      violations.push(`${project}: the command line exited with ${exit} ${code ?? ''}, but ${JSON.stringify(stored)}`);
  }
  for (const { project, by, refusal, permission } of keeps) {
    const history = histories.get(project);
    const isKept = history?.records.audit.some(({ event, fields }) => event === 'kept_paused' && fields['by'] === by);
    const isCorrect: Readonly<Record<string, boolean>> = {
      kept: permission !== 'not_operator' && isKept === true,
      not_operator: permission !== 'operator',
      no_reminder: true,
      // The pause has an end, so it has no reminder.
      deadline_moved: true,
      not_paused:
        refusal?.code === 'not_paused' &&
        refusal.state !== 'paused' &&
        history?.versions.some(({ state, since }) => state === refusal.state && since === refusal.since) === true,
    };
    if (isCorrect[refusal?.code ?? 'kept'] !== true)
      violations.push(`${project}: Keep Paused by ${by} was answered with ${JSON.stringify(refusal)}`);
  }
  for (const { project, by, kind, refusal, permission } of endChanges) {
    const history = histories.get(project);
    const event = kind === 'kept' ? 'kept_paused' : 'pause_extended';
    const isDone = history?.records.audit.some((entry) => entry.event === event && entry.fields['by'] === by) === true;
    const isCorrect: Readonly<Record<string, boolean>> = {
      done: permission !== 'not_operator' && isDone,
      not_operator: permission !== 'operator',
      no_limit: true,
      deadline_moved: true,
      limit_above_max: history?.records.state['pausedUntil'] !== undefined,
      operation_active: true,
      not_paused:
        refusal?.code === 'not_paused' &&
        refusal.state !== 'paused' &&
        history?.versions.some(({ state, since }) => state === refusal.state && since === refusal.since) === true,
    };
    if (isCorrect[refusal?.code ?? 'done'] !== true)
      violations.push(`${project}: ${kind} by ${by} was answered with ${JSON.stringify(refusal)}`);
  }
  for (const { ref, by, decision, refusal, permission } of waitPresses) {
    const stored = histories.get(ref.project)?.records.operations.get(ref.operation) ?? {};
    const isDecision = stored['waitEndedBy'] === by && (stored['state'] === 'cancelled') === (decision === 'cancel');
    const isCorrect: Readonly<Record<string, boolean>> = {
      // A pause that may not begin any more is refused instead.
      decided:
        permission !== 'not_operator' && (isDecision || (decision === 'pause_now' && stored['state'] === 'refused')),
      not_operator: permission !== 'operator',
      // The same press again gets the answer of the first one.
      not_waiting: !isDecision,
    };
    if (isCorrect[refusal?.code ?? 'decided'] !== true)
      violations.push(
        `${ref.project}: ${decision} of ${ref.operation} by ${by} was answered with ${JSON.stringify(refusal)}`,
      );
  }
  for (const { project, by, refusal, permission } of alertPresses) {
    const isOfOther = refusal?.code === 'alert_held' && refusal.by !== by;
    const isCorrect: Readonly<Record<string, boolean>> = {
      accepted: permission !== 'not_operator',
      not_operator: permission !== 'operator',
      alert_held: isOfOther,
      alert_over: true,
    };
    if (isCorrect[refusal?.code ?? 'accepted'] !== true)
      violations.push(`${project}: a press on an alert by ${by} was answered with ${JSON.stringify(refusal)}`);
  }
  for (const [id, count] of resolutionCounts) if (count > 1) violations.push(`${id} was resolved ${count} times`);
  return violations;
}

const resolvedStates = { confirm: ['confirmed', 'expired'], cancel: ['cancelled', 'expired'] };

/** Without an answer of Redis, or at the timeout of the command line, its end is not known. */
const openCodes: readonly (string | null)[] = ['redis_unavailable', 'not_known', 'still_open'];

/** Exit code 0 means that the operation was done. Otherwise the code names its refusal or its state. */
function isCorrectExit(operation: Fields | undefined, exit: number, code: string | null): boolean {
  if (exit === 0) return code === null && operation?.['state'] === 'done';
  if (operation === undefined || openCodes.includes(code)) return code !== null && code !== 'fault';
  const refusal = JSON.parse(operation['refusal'] || '{}');
  return operation['state'] !== 'done' && code === (refusal.code ?? operation['state']);
}
