import { countFailures, type LinkReading } from '../../domain/observation.ts';
import { type Project, type ProjectState, stateTitles } from '../../domain/project.ts';
import { count, duration, type Voice } from '../../domain/words.ts';

/** What every view is told beside its subject: how to say things here, and the moment it is rendered at. */
export interface Scene {
  readonly voice: Voice;
  /** Epoch ms of the bot's Redis server: the clock of every `since`. */
  readonly now: number;
}

export function linksPhrase(project: Project): string {
  return count(project.definition.links.length, 'link');
}

/** `for 2 h by @bob`: how long the project has been in its state, and who brought it there. */
export function sincePhrase(project: Project, { voice, now }: Scene): string {
  return `for ${duration(now - project.since)} by ${voice.person(project.by)}`;
}

export function title(state: ProjectState): string {
  return stateTitles[state];
}

/** Failed tasks after the watermark over all links; null when a link could not be read. */
export function failuresOf(links: readonly LinkReading[]): number | null {
  if (links.some((reading) => reading.kind === 'unreachable')) return null;
  return countFailures(links);
}
