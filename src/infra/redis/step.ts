import type { ProjectId } from '../../domain/project.ts';
import { execute, runScript, type Script } from './call.ts';
import type { RedisClient } from './connect.ts';
import { projectKeys } from './keys.ts';

export interface StoreSettings {
  /** How many entries of a project's history are kept, about. */
  readonly auditLength: number;
  /** How long a finished operation is kept, ms. */
  readonly retentionMs: number;
}

/** Runs one atomic step on a project. */
export type StepRunner = (id: ProjectId, script: Script, args: readonly (string | number)[]) => Promise<unknown>;

export function createStepRunner(client: RedisClient, settings: StoreSettings): StepRunner {
  const settingsJson = JSON.stringify(settings);
  return (id, script, args) => {
    const { state, definition, audit, open, runs, operations } = projectKeys(id);
    const keys = [state, definition, audit, open, runs];
    return execute(client, (redis) => runScript(redis, script, { keys, args: [operations, settingsJson, ...args] }));
  };
}
