import { z } from 'zod';
import { recoveredAfterMs } from '../../domain/failure-streak.ts';
import type { ProjectId } from '../../domain/project.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply, loadScript, runScript, type Script } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

/** An atomic step on one project: a script that includes `lua/project-step.lua`, and the schema of its reply. */
export interface Step<Reply> {
  readonly script: Script;
  readonly reply: z.ZodType<Reply>;
}

/** `name`: the file in `lua/`. */
export function defineStep<Reply>(name: string, reply: z.ZodType<Reply>): Step<Reply> {
  return { script: loadScript(new URL(`lua/${name}.lua`, import.meta.url)), reply };
}

/** The reply of a step that only writes, `WriteResult` of the ports. */
export const writeReply = jsonReply(
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('written') }),
    z.strictObject({ kind: z.literal('conflict') }),
  ]),
);

/** The reply of a step that returns nothing. */
export const noReply = z.null();

/** The arguments of a step by name. An argument that is null is nil in the script. */
export type StepArgs = { readonly project: ProjectId } & Readonly<Record<string, unknown>>;

export type StepRunner = <Reply>(step: Step<Reply>, args: StepArgs) => Promise<Reply>;

export interface StoreSettings {
  /** About how many audit entries, and how many refusals, are kept per project. */
  readonly auditLength: number;
  /** How long a finished operation is kept, ms. */
  readonly retentionMs: number;
}

export function createStepRunner(
  { client, keys }: { readonly client: RedisClient; readonly keys: Keys },
  settings: StoreSettings,
): StepRunner {
  return async ({ script, reply }, args) => {
    const { state, definition, audit, refusals, open, runs, lastVersion, trend, operations } = keys.project(
      args.project,
    );
    const given = Object.entries(args).filter(([, value]) => value !== null);
    const json = JSON.stringify({
      ...Object.fromEntries(given),
      ...settings,
      operationKeyPrefix: operations,
      recoveredAfterMs,
    });
    const call = { keys: [state, definition, audit, open, runs, refusals, lastVersion, trend], args: [json] };
    return reply.parse(await sendCommands(client, (redis) => runScript(redis, script, call)));
  };
}
