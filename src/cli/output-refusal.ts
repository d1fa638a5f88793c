import type { Refusal } from '../domain/refusal.ts';
import { refusalText } from '../messages/render.ts';
import type { CommandContext } from './command-context.ts';
import { type ExitCode, exitCodes } from './context.ts';
import { cliFormatter } from './formatter.ts';

/** Says a refusal: its sentence and its code. */
export async function printRefusal({ app, output }: CommandContext, refusal: Refusal): Promise<ExitCode> {
  output.error({
    code: refusal.code,
    message: refusalText(refusal, { format: cliFormatter, now: await app.useCaseContext.serverClock.now() }),
  });
  return exitCodes.failure;
}
