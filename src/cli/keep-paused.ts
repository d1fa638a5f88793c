import { keepPaused } from '../application/keep-paused.ts';
import { findProject } from '../application/queries.ts';
import { activeDeadline } from '../domain/pause-timer.ts';
import type { ProjectId } from '../domain/project.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { cliFormatter } from './terminal-text.ts';

/**
 * `syncbot keep-paused <project>`: the same as Keep Paused in Slack. It removes the end that the pause has now, or answers the
 * reminder of a pause without an end. It changes no link, so it asks for no confirmation.
 */
export async function keepPausedCommand(context: CommandContext, project: ProjectId): Promise<ExitCode> {
  const { app, output, io } = context;
  const found = await findProject(app.useCaseContext, project);
  if (found.kind === 'refused') return printRefusal(context, found.refusal);
  const by = `cli:${io.user}`;
  const expectedEnd = activeDeadline(found.project)?.at ?? null;
  const result = await keepPaused(app.useCaseContext, { project, by, expectedEnd });
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { until } = result;
  const message = messages.pauseLimits.kept(project, until, cliFormatter);
  output.result(message, { project, pausedUntil: until === null ? null : { at: until, by }, message });
  return exitCodes.success;
}
