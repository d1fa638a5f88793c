import { extendPause } from '../application/pause-end.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { cliFormatter } from './terminal-text.ts';

/** `syncbot extend <project> <duration>`: moves the end of a pause. It changes no link, so it asks for no confirmation. */
export async function extend(
  context: CommandContext,
  { project, duration }: { readonly project: string; readonly duration: string },
): Promise<ExitCode> {
  const { app, output, io } = context;
  const by = `cli:${io.user}`;
  const result = await extendPause(app.useCaseContext, { project, by, duration, expected: null });
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const pausedUntil = result.until === null ? null : { at: result.until, by };
  const message = messages.pauseLimits.extended(project, result.until ?? 0, cliFormatter);
  output.result(message, { project, pausedUntil, message });
  return exitCodes.success;
}
