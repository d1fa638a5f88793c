import { explain } from '../domain/explain.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type ExitCode, exitCodes } from './context.ts';
import type { Session } from './session.ts';
import { cliVoice } from './voice.ts';

/** Says a refusal: its sentence and its code. */
export async function refused({ app, say }: Session, refusal: Refusal): Promise<ExitCode> {
  say.fault({ code: refusal.code, message: explain(refusal, cliVoice, await app.deps.store.now()) });
  return exitCodes.notDone;
}
