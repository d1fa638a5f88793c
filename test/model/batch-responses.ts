import type { Fields, ProjectRecords } from './records.ts';
import type { ProjectVersion } from './state-model.ts';
import { transitions } from './state-model.ts';
import type { Trace } from './trace.ts';

interface History {
  readonly versions: readonly ProjectVersion[];
  readonly records: ProjectRecords;
}

/** Which projects a selection means. Null if it depends on their states. Written without src. */
const selected: Readonly<Record<string, readonly string[] | null>> = {
  'orders payments': ['orders', 'payments'],
  'orders users invoices payments events': ['events', 'invoices', 'orders', 'payments', 'users'],
  'label:prod': ['orders', 'payments', 'users'],
  'label:prod except orders': ['payments', 'users'],
  'label:prod label:billing': ['invoices', 'orders', 'payments', 'users'],
  'label:billing except invoices': ['payments'],
  'state:running': null,
  'state:paused state:failed': null,
};

/** Compares what users received for batches with the history. Returns the differences. */
export function findWrongBatchResponses(
  { batchRequests, batchPresses }: Trace,
  histories: ReadonlyMap<string, History>,
): string[] {
  const violations: string[] = [];
  for (const request of batchRequests) {
    const { batch, by, permission, from: origin } = request;
    const report = (text: string) => violations.push(`the batch ${batch.id} (${batch.action}) by ${by} ${text}`);
    if (permission === 'not_operator') report('was accepted, although the policy does not name this person');
    const projects = [...batch.items, ...batch.refused].map(({ project }) => project).sort();
    const expected = selected[origin];
    if (expected && projects.join() !== expected.join()) report(`is about ${projects}, selected by ${origin}`);
    const from = transitions[batch.action]?.from ?? [];
    for (const { project, projectVersion } of batch.items) {
      const state = histories.get(project)?.versions.find(({ version }) => version === projectVersion)?.state ?? '';
      if (!from.includes(state)) report(`has ${project} at version ${projectVersion}, which was ${state}`);
    }
    for (const { project, refusal } of batch.refused) {
      const { versions = [] } = histories.get(project) ?? {};
      const isCorrect: Readonly<Record<string, boolean>> = {
        not_allowed:
          refusal.code === 'not_allowed' &&
          !from.includes(refusal.state) &&
          versions.some(({ state, since, by: setBy }) => {
            return state === refusal.state && since === refusal.since && setBy === refusal.by;
          }),
        precheck_failed: batch.action === 'start',
        changed: batch.after !== null,
        // The history has who waited.
        pause_waits: batch.catchUpMs !== null,
        limit_above_max: batch.action === 'pause' && project === 'events',
      };
      if (isCorrect[refusal.code] !== true) report(`leaves out ${project}: ${JSON.stringify(refusal)}`);
    }
    for (const text of followDifferences(request, { batchRequests, histories })) report(text);
  }
  return [...violations, ...findWrongPresses(batchPresses)];
}

/** Restore Those has only projects that the pause has set last. Retry Failed has only those that were not done. */
function followDifferences(
  { batch: { items, after }, from }: Trace['batchRequests'][number],
  { batchRequests, histories }: Pick<Trace, 'batchRequests'> & { readonly histories: ReadonlyMap<string, History> },
): string[] {
  const earlier = batchRequests.find(({ batch }) => batch.id === after)?.batch;
  if (earlier === undefined) return after === null ? [] : [`follows the unknown batch ${after}`];
  return items.flatMap(({ project, projectVersion }) => {
    const index = earlier.items.findIndex((item) => item.project === project);
    const history = histories.get(project);
    const operation = `${after}-${index}`;
    const state = history?.records.operations.get(operation)?.['state'] ?? null;
    if (from === 'retryFailed' && state === 'done') return [`repeats ${project}, which was done`];
    if (from !== 'restore' || earlier.action !== 'pause') return [];
    const last = lastStateChange(history?.versions ?? [], projectVersion);
    return last === operation ? [] : [`restores ${project}, which ${last} has set`];
  });
}

/** The operation that had set the state of this version. Null if it is not known. */
function lastStateChange(versions: readonly ProjectVersion[], version: number): string | null {
  const completed = versions.filter((each) => each.version <= version).map((each) => each.completed);
  const setsState = (action: string) => transitions[action]?.to !== 'same';
  return completed.findLast((each) => each !== null && setsState(each.action))?.operation ?? null;
}

const resolvedStates: Readonly<Record<'confirm' | 'cancel', readonly string[]>> = {
  confirm: ['confirmed', 'expired'],
  cancel: ['cancelled', 'expired'],
};

function findWrongPresses(presses: Trace['batchPresses']): string[] {
  const violations: string[] = [];
  const resolved = new Set<Fields[string]>();
  for (const { batch, by, decision, permission, result } of presses) {
    const report = (text: string) => violations.push(`${decision} of the batch ${batch} by ${by} ${text}`);
    if (result.kind === 'refused') {
      const isCorrect = result.refusal.code === 'not_operator' && decision === 'confirm' && permission !== 'operator';
      if (!isCorrect && result.refusal.code !== 'not_requester') report(`was refused with ${result.refusal.code}`);
    } else if (result.kind === 'resolved') {
      if (resolved.has(batch)) report('resolved it again');
      resolved.add(batch);
      if (result.batch.by !== by) report(`was accepted, requested by ${result.batch.by}`);
      if (decision === 'confirm' && permission === 'not_operator') report('was accepted without permission');
      if (!resolvedStates[decision].includes(result.batch.state)) report(`made it ${result.batch.state}`);
    } else if (result.kind === 'unknown') report('did not find it');
  }
  return violations;
}
