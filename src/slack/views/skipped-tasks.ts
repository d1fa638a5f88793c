import { isAllowed } from '../../domain/lifecycle.ts';
import type { Project } from '../../domain/project.ts';
import type { SkippedTask } from '../../domain/skipped-tasks.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots } from '../../messages/format.ts';
import { blockId } from '../block-ids.ts';
import {
  actionsBlock,
  contextBlock,
  type Message,
  retryAllButton,
  retryButton,
  sectionBlock,
  showButton,
} from './blocks.ts';

export interface SkippedTasksView {
  readonly project: Project;
  /** The oldest failure first. */
  readonly tasks: readonly SkippedTask[];
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
  readonly format: Formatter;
}

/** How many tasks the list shows. Slack limits the size of a message. */
const maxRows = 10;

/** The tasks that restores of a project have left out, each with Retry. */
export function buildSkippedTasks({ project, tasks, revealReasons, restriction, format }: SkippedTasksView): Message {
  const { skipped, onlyYouSeeThis } = messages;
  const canRetry = restriction === null && isAllowed(project.state, 'retry');
  const shown = tasks.slice(0, maxRows);
  const rows = shown.map((task) => ({ task, text: skipped.row(task, { format, revealReason: revealReasons }) }));
  const more = tasks.length > shown.length ? [messages.format.more(tasks.length - shown.length)] : [];
  const title = skipped.title(tasks.length);
  return {
    text: [joinDots(project.id, title), ...rows.map(({ text }) => text), ...more].join('\n'),
    blocks: [
      sectionBlock(joinDots(`*${project.id}*`, title)),
      ...rows.map(({ task, text }) =>
        sectionBlock(text, canRetry ? retryButton(project.id, task, skipped.task(task, format)) : undefined),
      ),
      ...more.map((line) => sectionBlock(line)),
      sectionBlock(tasks.length === 0 ? skipped.explanationOfNone : skipped.explanation),
      actionsBlock(blockId('skipped', project.id, project.version), [
        ...(canRetry && tasks.length > 1 ? [retryAllButton(project.id)] : []),
        showButton(project.id),
      ]),
      contextBlock(onlyYouSeeThis),
      ...(restriction === null ? [] : [contextBlock(restriction)]),
    ],
  };
}
