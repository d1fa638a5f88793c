import type { ProjectStats } from '../domain/observation.ts';
import { type Actor, type Link, type OperationKind, type ProjectState, stateTitles } from '../domain/project.ts';

/** What every refusal says. */
export const nothingChanged = 'Nothing was changed.';

/** `1,204`. */
export function formatNumber(n: number): string {
  return n.toLocaleString('en-US');
}

/** `1 link`, `3 links`. */
export function pluralize(n: number, noun: string): string {
  return `${formatNumber(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** Names of which three are told, the rest is counted: `a`, `a and b`, `a, b and c`, `a, b, c and 2 more links`. */
export function summarizeNames(names: readonly string[], noun: string): string {
  const shown = names.slice(0, 3);
  const more = names.length - shown.length;
  const last = more > 0 ? pluralize(more, `more ${noun}`) : (shown.pop() ?? '');
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** Parts of a line, the empty ones left out: `10 links · backlog 1,204`. */
export function joinDots(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration in ms as people say it, in at most two units: `0 s`, `12 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const positive = Math.max(0, ms);
  if (positive < minute) return `${Math.floor(positive / second)} s`;
  if (positive < hour) return `${Math.floor(positive / minute)} min`;
  if (positive < day) return twoUnits(positive, { big: hour, small: minute, names: ['h', 'min'] });
  return twoUnits(positive, { big: day, small: hour, names: ['d', 'h'] });
}

/** What is left of a time, rounded up, so that five minutes just begun are not called four. */
export function formatTimeLeft(ms: number): string {
  const unit = ms > minute ? minute : second;
  return formatDuration(Math.ceil(Math.max(0, ms) / unit) * unit);
}

function twoUnits(ms: number, unit: { big: number; small: number; names: readonly [string, string] }): string {
  const big = Math.floor(ms / unit.big);
  const small = Math.floor((ms % unit.big) / unit.small);
  return small === 0 ? `${big} ${unit.names[0]}` : `${big} ${unit.names[0]} ${small} ${unit.names[1]}`;
}

/** The words for what is done: under way, finished, as its imperative, and in a sentence (`asked to re-apply it`). */
export const actionLabels = {
  start: { doing: 'Starting', done: 'started', imperative: 'Start', verb: 'start' },
  pause: { doing: 'Pausing', done: 'paused', imperative: 'Pause', verb: 'pause' },
  restore: { doing: 'Restoring', done: 'restored', imperative: 'Restore', verb: 'restore' },
  reapply: { doing: 'Re-applying', done: 're-applied', imperative: 'Re-apply', verb: 're-apply' },
  adopt: { doing: 'Adopting', done: 'adopted', imperative: 'Adopt', verb: 'adopt' },
} as const satisfies {
  readonly [D in OperationKind]: Readonly<Record<'doing' | 'done' | 'imperative' | 'verb', string>>;
};

/** `orders is Paused`, the one way a state is said. */
export function stateClause(project: string, state: ProjectState): string {
  return `${project} is ${stateTitles[state]}`;
}

/** How the same facts are said in a channel and on a terminal: escaping, people, channels, the command to type. */
export interface Formatter {
  /** Text from outside (people, YAML), made safe for this medium, and cut to `max` characters where that matters. */
  readonly text: (raw: string, max?: number) => string;
  readonly person: (actor: Actor) => string;
  readonly channel: (id: string) => string;
  readonly link: (link: Link) => string;
  /** A moment (epoch ms) that lies ahead or is long past. */
  readonly time: (at: number) => string;
  /** How this action is asked for here, such as `/sync pause orders`. */
  readonly command: (words: string) => string;
}

/** `2026-11-24 15:30 UTC`. */
export function formatUtc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A person's reason as it is shown behind an action, or null. */
export function formatReason(reason: string | null, format: Formatter, max = 600): string | null {
  return reason === null || reason.trim() === '' ? null : format.text(reason, max);
}

/** A figure that could not be read is said to be unknown: 0 would be a guess. */
export function formatBacklog({ backlog }: ProjectStats): string {
  return backlog === null ? 'backlog unknown' : `backlog ${formatNumber(backlog)}`;
}

export function formatLatency({ latencyMs }: ProjectStats): string {
  return latencyMs === null ? 'latency unknown' : `latency ${formatDuration(latencyMs)}`;
}

export function formatInFlight({ inFlight }: ProjectStats): string {
  return inFlight === null ? 'tasks in flight unknown' : `${pluralize(inFlight, 'task')} in flight`;
}
