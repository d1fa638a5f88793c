import { decideWait } from '../application/catch-up.ts';
import { findProject } from '../application/queries.ts';
import type { ProjectId } from '../domain/project.ts';
import { messages } from '../messages/catalog.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';

/**
 * `syncbot cancel <project>`: the same as Cancel in Slack during a pause that waits until its project has caught up. It changes no
 * link, so it asks for no confirmation.
 */
export async function cancelWait(context: CommandContext, project: ProjectId): Promise<ExitCode> {
  const { app, output, io } = context;
  const { useCaseContext } = app;
  const found = await findProject(useCaseContext, project);
  if (found.kind === 'refused') return printRefusal(context, found.refusal);
  const operation = found.project.waitingPause?.operation;
  if (operation === undefined) {
    output.error({ code: 'not_waiting', message: messages.catchUp.noneWaits(project) });
    return exitCodes.failure;
  }
  const result = await decideWait(useCaseContext, {
    ref: { project, operation },
    by: `cli:${io.user}`,
    event: 'cancel',
  });
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const message = messages.catchUp.cancelled(project);
  output.result(message, { project, operation, message });
  return exitCodes.success;
}
