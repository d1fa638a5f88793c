import { type Batch, operationIdOf, type RefusedItem } from '../domain/batch.ts';
import type { Action } from '../domain/lifecycle.ts';
import type { Project } from '../domain/project.ts';

/**
 * The projects that a restore of these batches leaves out: those that the batch did not pause, and those that were changed
 * since. Empty if no batch is a pause, or for another action.
 */
export function findTouched(
  action: Action,
  { batches, projects }: { readonly batches: readonly Batch[]; readonly projects: readonly Project[] },
): RefusedItem[] {
  const pauses = batches.filter((batch) => batch.action === 'pause');
  if (action !== 'restore' || pauses.length === 0) return [];
  return projects.flatMap((project) => {
    const { id, state, since, by, definition } = project;
    const isUntouched = (batch: Batch) => project.lastOperation === operationIdOf(batch, id);
    if (state === 'paused' && pauses.some(isUntouched)) return [];
    return [
      { project: id, channel: definition.channel, refusal: { code: 'changed', action, project: id, state, since, by } },
    ];
  });
}
