import type { Figures, LinkReading } from '../../domain/observation.ts';
import { defaultConnection, type Link, type Project, type ProjectState, stateTitles } from '../../domain/project.ts';
import { count, duration, type Voice } from '../../domain/words.ts';
import { code, safeText } from '../mrkdwn.ts';

/** What every view is told beside its subject: how to say things here, and the moment it is rendered at. */
export interface Scene {
  readonly voice: Voice;
  /** Epoch ms of the bot's Redis server: the clock of every `since`. */
  readonly now: number;
}

/** Parts of a line, the empty ones left out: `10 links · backlog 1,204`. */
export function dotted(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}

export function number(n: number): string {
  return n.toLocaleString('en-US');
}

/** A figure that could not be read is said to be unknown: 0 would be a guess. */
export function backlogPhrase({ backlog }: Figures): string {
  return backlog === null ? 'backlog unknown' : `backlog ${number(backlog)}`;
}

export function latencyPhrase({ latencyMs }: Figures): string {
  return latencyMs === null ? 'latency unknown' : `latency ${duration(latencyMs)}`;
}

export function inFlightPhrase({ inFlight }: Figures): string {
  return inFlight === null ? 'tasks in flight unknown' : `${count(inFlight, 'task')} in flight`;
}

export function linksPhrase(project: Project): string {
  return count(project.definition.links.length, 'link');
}

/** `for 2 h by @bob`: how long the project has been in its state, and who brought it there. */
export function sincePhrase(project: Project, { voice, now }: Scene): string {
  return `for ${duration(now - project.since)} by ${voice.person(project.by)}`;
}

/** A person's reason as it is shown behind an action, or null. */
export function reasonPhrase(reason: string | null, max = 600): string | null {
  return reason === null || reason.trim() === '' ? null : safeText(reason, max);
}

/** A link's name: its queue, and what tells it from queues of the same name elsewhere. */
export function linkName(link: Link, max = 80): string {
  const prefix = link.prefix === 'bull' ? '' : `${link.prefix}:`;
  const connection = link.connection === defaultConnection ? '' : `${link.connection}/`;
  return code(`${connection}${prefix}${link.queue}`, max);
}

/** Links by name, at most three: `a`, `b` and 4 more links. */
export function linkList(links: readonly Link[]): string {
  const named = links.slice(0, 3).map((link) => linkName(link));
  const more = links.length - named.length;
  if (more > 0) return `${named.join(', ')} and ${count(more, 'more link')}`;
  return named.length < 2 ? named.join('') : `${named.slice(0, -1).join(', ')} and ${named.at(-1) ?? ''}`;
}

export function title(state: ProjectState): string {
  return stateTitles[state];
}

/** Failed tasks after the watermark over all links; null when a link could not be read. */
export function failuresOf(links: readonly LinkReading[]): number | null {
  if (links.some((reading) => reading.kind === 'unreachable')) return null;
  return links.reduce((sum, reading) => sum + (reading.kind === 'read' ? reading.failuresAfterWatermark : 0), 0);
}
