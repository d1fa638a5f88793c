import { countFailures, type LinkObservation } from '../../domain/observation.ts';
import { type Project, type ProjectState, stateTitles } from '../../domain/project.ts';
import { type Formatter, formatDuration, pluralize } from '../../messages/format.ts';

/** What every view is told beside its subject: how to say things here, and the moment it is rendered at. */
export interface ViewContext {
  readonly format: Formatter;
  /** Epoch ms of the bot's Redis server: the clock of every `since`. */
  readonly now: number;
}

export function formatLinkCount(project: Project): string {
  return pluralize(project.definition.links.length, 'link');
}

/** `for 2 h by @bob`: how long the project has been in its state, and who brought it there. */
export function formatSince(project: Project, { format, now }: ViewContext): string {
  return `for ${formatDuration(now - project.since)} by ${format.person(project.by)}`;
}

export function stateTitle(state: ProjectState): string {
  return stateTitles[state];
}

/** Failed tasks after the watermark over all links; null when a link could not be read. */
export function failedTaskCount(links: readonly LinkObservation[]): number | null {
  if (links.some((observation) => observation.kind === 'unreachable')) return null;
  return countFailures(links);
}
