import { type Action, type Actor, type ProjectState, stateTitles } from './project.ts';

/** `1 link`, `3 links`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration in ms as people say it, in at most two units: `0 s`, `12 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const positive = Math.max(0, ms);
  if (positive < minute) return `${Math.floor(positive / second)} s`;
  if (positive < hour) return `${Math.floor(positive / minute)} min`;
  if (positive < day) return twoUnits(positive, { big: hour, small: minute, names: ['h', 'min'] });
  return twoUnits(positive, { big: day, small: hour, names: ['d', 'h'] });
}

/** What is left of a time, rounded up, so that five minutes just begun are not called four. */
export function timeLeft(ms: number): string {
  const unit = ms > minute ? minute : second;
  return duration(Math.ceil(Math.max(0, ms) / unit) * unit);
}

function twoUnits(ms: number, unit: { big: number; small: number; names: readonly [string, string] }): string {
  const big = Math.floor(ms / unit.big);
  const small = Math.floor((ms % unit.big) / unit.small);
  return small === 0 ? `${big} ${unit.names[0]}` : `${big} ${unit.names[0]} ${small} ${unit.names[1]}`;
}

/** The word for an action under way, finished, and as its imperative. */
export const actionWords: Readonly<Record<Action, { doing: string; done: string; imperative: string }>> = {
  start: { doing: 'Starting', done: 'started', imperative: 'Start' },
  pause: { doing: 'Pausing', done: 'paused', imperative: 'Pause' },
  restore: { doing: 'Restoring', done: 'restored', imperative: 'Restore' },
};

/** `orders is Paused`, the one way a state is said. */
export function stateClause(project: string, state: ProjectState): string {
  return `${project} is ${stateTitles[state]}`;
}

/** How the same facts are said in a channel and on a terminal: escaping, people, channels, the command to type. */
export interface Voice {
  /** Text from outside (people, YAML), made safe for this medium. */
  readonly text: (raw: string) => string;
  readonly person: (actor: Actor) => string;
  readonly group: (id: string) => string;
  readonly channel: (id: string) => string;
  /** How this action is asked for here, such as `/sync pause orders`. */
  readonly command: (words: string) => string;
}
