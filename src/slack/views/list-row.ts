import { allowedAction } from '../../domain/lifecycle.ts';
import type { ProjectStats } from '../../domain/observation.ts';
import type { Project } from '../../domain/project.ts';
import { messages } from '../../messages/catalog.ts';
import { type Formatter, joinDots, type TextContext } from '../../messages/format.ts';
import { type ListRow, listRow } from '../../messages/list-text.ts';
import { type Block, type Button, requestButton, sectionBlock, showButton } from './blocks.ts';
import { truncateMrkdwn } from './mrkdwn.ts';

/** A phone shows this much of a cause in two lines. */
const maxCauseChars = 85;

export interface ListRowView extends TextContext {
  /** Whether masked reasons of failed tasks may be shown here. */
  readonly revealReasons: boolean;
  /** Why this person can only look. Null if they may change projects here. */
  readonly restriction: string | null;
}

export interface RowProject {
  readonly project: Project;
  /** Null where the numbers are not shown. */
  readonly stats: ProjectStats | null;
}

/** A project in two short lines: its state or the alert, and why, or its numbers. */
export function projectRow(shown: RowProject, view: ListRowView): Block {
  const { project } = shown;
  const row = listRow(project, view);
  const hasNumbers = row.cause === null && (project.state === 'running' || project.state === 'not_started');
  const since = hasNumbers ? null : messages.list.stateSince(row.since, view.format);
  const lines = [joinDots(`*${project.id}*`, row.event, since, rowPerson(row, view)), detail(shown, row, view.format)];
  return sectionBlock(lines, rowButton(project, row, view.restriction) ?? undefined);
}

/** Who is on the alert of a row, or until when it is snoozed. */
export function rowPerson({ acknowledgement }: ListRow, context: TextContext): string | null {
  return acknowledgement === null ? null : messages.acknowledgements.short(acknowledgement, context);
}

function detail({ project, stats }: RowProject, row: ListRow, format: Formatter): string {
  const { format: formats, list } = messages;
  if (row.cause !== null) return causeLine(row.cause, row.moreAlerts);
  if (project.state === 'running' || project.state === 'not_started') {
    const links = formats.linkCount(project.definition.links.length);
    return stats === null ? links : joinDots(links, formats.backlog(stats), formats.latency(stats));
  }
  const waiting = stats === null ? null : formats.waitForRestore(project.state, stats);
  return joinDots(waiting, list.lastChange(project, format));
}

/** Why a project is Failed, or the scope of its alert. */
export function causeLine(cause: string, moreAlerts: number): string {
  return joinDots(
    hasTime(cause) ? cause : truncateMrkdwn(cause, maxCauseChars),
    moreAlerts === 0 ? null : messages.list.moreAlerts(moreAlerts),
  );
}

/** A time has many characters, of which Slack shows a few. A cause with a time is short. */
function hasTime(cause: string): boolean {
  return cause.includes('<!date^');
}

/** The action that the state allows. An alert is shown first: whether the action helps depends on its cause. */
function rowButton({ id, state }: Project, { cause }: ListRow, restriction: string | null): Button | null {
  const action = restriction === null && (cause === null || state === 'failed') ? allowedAction(state) : null;
  if (action !== null) return requestButton(action, id);
  return cause === null ? null : showButton(id);
}
