import type { ProjectId } from '../domain/project.ts';
import { blockId } from './block-ids.ts';
import { readProjectId } from './button-values.ts';

/**
 * The form of `/sync` without a command: its callback id, that of a form which only shows the project, and the ids of its
 * inputs. The action ids of the menu of projects are in `actionIds`.
 */
export const runForm = {
  callbackId: 'sync:v1:run',
  showCallbackId: 'sync:v1:run:show',
  projectBlockId: blockId('run-project'),
  selectionBlockId: blockId('run', 'selection'),
  selectionInput: 'sync:v1:run:selection',
  /** The block id of the action while no project is chosen. */
  anyActionBlockId: blockId('run-action'),
  actionInput: 'sync:v1:run:action',
  reasonBlockId: blockId('run', 'reason'),
  reasonInput: 'sync:v1:run:reason',
  limitBlockId: blockId('run', 'limit'),
  limitInput: 'sync:v1:run:limit',
  whenBlockId: blockId('run', 'when'),
  whenInput: 'sync:v1:run:when',
  /** The values of its options. */
  atOnce: 'at-once',
  whenCaughtUp: 'caught-up',
} as const;

/** The block id of the action for a chosen project. Slack keeps what a person chose as long as the id stays. */
export function runActionBlockId(project: ProjectId, ...version: readonly (string | number)[]): string {
  return blockId('run', project, ...version);
}

/** Returns the project in the block id of the action, or null. */
export function readRunActionBlockId(id: string): ProjectId | null {
  const [, project] = /^sync:run:([^:]+)(?::|$)/.exec(id) ?? [];
  return readProjectId(project);
}
