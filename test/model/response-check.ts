import type { ReplayResult } from './history-check.ts';
import type { ProjectRecords } from './records.ts';
import { transitions } from './state-model.ts';
import type { Trace } from './trace.ts';

/** Compares the results that users received with the history. Returns the differences. */
export function findWrongResponses(
  { requests, presses }: Trace,
  histories: ReadonlyMap<string, ReplayResult & { readonly records: ProjectRecords }>,
): string[] {
  const violations: string[] = [];
  for (const { project, action, result } of requests) {
    if (result.kind === 'requested') continue;
    const { refusal } = result;
    const versions = histories.get(project)?.versions ?? [];
    // A precheck may fail for a moment, while a link's worker restarts.
    if (refusal.code === 'precheck_failed') continue;
    const isCorrect =
      refusal.code === 'not_allowed' &&
      transitions[action]?.from.includes(refusal.state) === false &&
      versions.some(({ state, since, by }) => state === refusal.state && since === refusal.since && by === refusal.by);
    if (!isCorrect) violations.push(`${project}: ${action} was refused with ${JSON.stringify(refusal)}`);
  }
  const resolutionCounts = new Map<string, number>();
  for (const { operation, by, decision, result } of presses) {
    const stored = histories.get(operation.project)?.records.operations.get(operation.id);
    const report = (violation: string) => violations.push(`${operation.project}: ${operation.id} ${violation}`);
    if (result.kind === 'refused') {
      const { code } = result.refusal;
      if (code !== 'not_requester' || by === operation.by) report(`${decision} by ${by} was refused with ${code}`);
      continue;
    }
    if (by !== operation.by) report(`was resolved by ${by}, requested by ${operation.by}`);
    if (result.kind === 'resolved') resolutionCounts.set(operation.id, (resolutionCounts.get(operation.id) ?? 0) + 1);
    if (String(result.operation.resolvedAt) !== stored?.['resolvedAt'])
      report('has another resolution than the result of a press');
    const { state } = result.operation;
    if (result.kind === 'resolved' && !resolvedStates[decision].includes(state)) report(`${decision} made it ${state}`);
    if (state === 'requested') report('was not resolved by a press');
  }
  for (const [id, count] of resolutionCounts) if (count > 1) violations.push(`${id} was resolved ${count} times`);
  return violations;
}

const resolvedStates = { confirm: ['confirmed', 'expired'], cancel: ['cancelled', 'expired'] };
