import { findProject } from '../application/queries.ts';
import { readSkippedTasks } from '../application/skipped-tasks.ts';
import type { SkippedTask } from '../domain/skipped-tasks.ts';
import { messages } from '../messages/catalog.ts';
import { joinDots } from '../messages/format.ts';
import { type ExitCode, exitCodes } from './cli-app.ts';
import { type CommandContext, printRefusal } from './command-context.ts';
import { type Column, formatTable } from './table.ts';
import { cliFormatter } from './terminal-text.ts';

/** `syncbot skipped <project>`: the failed tasks that restores have left out. */
export async function skipped(context: CommandContext, id: string): Promise<ExitCode> {
  const { useCaseContext } = context.app;
  const result = await findProject(useCaseContext, id);
  if (result.kind === 'refused') return printRefusal(context, result.refusal);
  const { skipped: tasks } = await readSkippedTasks(useCaseContext, result.project);
  const title = joinDots(id, messages.skipped.title(tasks.length));
  const text = tasks.length === 0 ? title : `${title}\n${formatTable(columns, tasks.map(toRow))}`;
  context.output.result(text, tasks.map(toJson));
  return exitCodes.success;
}

const columns: readonly Column[] = [
  { title: messages.columnTitles.link, maxWidth: 50 },
  { title: messages.columnTitles.task },
  { title: messages.columnTitles.failedAt },
  { title: messages.columnTitles.skippedAt },
  { title: messages.columnTitles.by, maxWidth: 30 },
  { title: messages.columnTitles.reason, maxWidth: 150 },
];

function toRow({ link, taskId, at, skippedAt, by, reason }: SkippedTask): string[] {
  const { link: linkText, time, person } = cliFormatter;
  return [linkText(link), taskId, time(at), time(skippedAt), person(by), reason];
}

/** Times are epoch ms. */
function toJson({ link, taskId, at, skippedAt, by, reason }: SkippedTask) {
  const { queue, connection, prefix } = link;
  return { queue, connection, prefix, task: taskId, failedAt: at, skippedAt, by, reason };
}
