import { isAllowed } from '../../domain/lifecycle.ts';
import type { Failure } from '../../domain/link.ts';
import { countFailures, type ProjectStats } from '../../domain/observation.ts';
import type { ProjectState } from '../../domain/project-state.ts';
import type { Formatter } from '../format.ts';

export type LinkFailure = Extract<Failure, { readonly kind: 'link_unreachable' }>;

/** `1,204`, of a whole number. */
export function formatNumber(n: number): string {
  // The first call of `toLocaleString` takes as long as all the rest of `--help`.
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `1 link`, `3 links`. */
export function pluralize(n: number, noun: string): string {
  return `${formatNumber(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function joinOr(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** The first of `total` names, or both of two: `a`, `a and b`, or `a and 9 more`. */
export function nameAndMore(names: readonly string[], total = names.length): string {
  const [first = ''] = names;
  if (total === 2 && names.length === 2) return names.join(' and ');
  return total > 1 ? `${first} ${andMore(total - 1)}` : first;
}

/** `Both`, `All 3`: the count of at least two things, before what they are. */
export function allOf(count: number): string {
  return count === 2 ? 'Both' : `All ${formatNumber(count)}`;
}

/** What follows a list that is cut: `and 9 more`. */
export function andMore(count: number): string {
  return `and ${formatNumber(count)} more`;
}

/** `a`, `a and b`, `a, b and c`, or `a, b and 3 more`: at most `max` names. */
export function nameUpTo(names: readonly string[], max: number): string {
  const others = names.length - max;
  const parts = others > 0 ? [...names.slice(0, max), `${formatNumber(others)} more`] : names;
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Rounded down, in at most two units: `0 s`, `12 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const positive = Math.max(0, ms);
  if (positive < minute) return `${Math.floor(positive / second)} s`;
  if (positive < hour) return `${Math.floor(positive / minute)} min`;
  if (positive < day) return twoUnits(positive, { big: hour, small: minute, names: ['h', 'min'] });
  return twoUnits(positive, { big: day, small: hour, names: ['d', 'h'] });
}

/**
 * How long until a moment: to the nearest minute, below one minute to the nearest second. A pause of 2 h is `2 h` also a second
 * after the request. Shows at most 30 s more than is left.
 */
export function formatRemaining(ms: number): string {
  const step = Math.round(ms / second) < minute / second ? second : minute;
  return formatDuration(Math.round(ms / step) * step);
}

function twoUnits(ms: number, unit: { big: number; small: number; names: readonly [string, string] }): string {
  const big = Math.floor(ms / unit.big);
  const small = Math.floor((ms % unit.big) / unit.small);
  return small === 0 ? `${big} ${unit.names[0]}` : `${big} ${unit.names[0]} ${small} ${unit.names[1]}`;
}

/** A rate: `310/s`, `24/min`, `3/h`. */
export function formatRate(perS: number): string {
  const [count, unit] = perS >= 1 ? [perS, 's'] : perS * 60 >= 1 ? [perS * 60, 'min'] : [perS * 3_600, 'h'];
  return perS === 0 ? '0/s' : `${formatNumber(Math.round(count))}/${unit}`;
}

/** A sentence about failed tasks that were removed, after another sentence. `removedTasks` is a lower bound. */
export function removedTasksSentence(removedTasks = 0): string {
  if (removedTasks === 0) return '';
  const are = removedTasks === 1 ? 'was' : 'were';
  return ` At least ${pluralize(removedTasks, 'more failed task')} ${are} removed from the queue (removeOnFail) and cannot be retried.`;
}

/** Why a link made its project Failed, a clause after the name of the link. */
export function unreachableClause({ isNotConfigured }: LinkFailure): string {
  return isNotConfigured
    ? 'could not be reached, because its connection was not configured in the syncbot worker that tried last'
    : 'could not be reached';
}

/** The reason that a person gave. Returns null when they gave none. */
export function formatReason(reason: string | null, format: Formatter, maxChars = 600): string | null {
  return reason === null || reason.trim() === '' ? null : format.text(reason, maxChars);
}

/** The masked reason of a failed task. */
export function formatFailureReason(reason: string, format: Formatter, maxChars: number): string {
  return reason === '' ? 'no reason given' : format.text(reason, maxChars);
}

export const format = {
  number: formatNumber,
  duration: formatDuration,
  /** `5 min ago`. */
  ago: (ms: number) => `${formatDuration(ms)} ago`,
  /** A line below a list that is cut: `And 9 more`. */
  more: (count: number) => capitalize(andMore(count)),
  linkCount: (count: number) => pluralize(count, 'link'),
  backlog: ({ backlog }: Pick<ProjectStats, 'backlog'>) =>
    backlog === null ? 'backlog unknown' : `backlog ${formatNumber(backlog)}`,
  latency: ({ latencyMs }: Pick<ProjectStats, 'latencyMs'>) =>
    latencyMs === null ? 'latency unknown' : `latency ${formatDuration(latencyMs)}`,
  /** `7 failed tasks wait for a restore`. Null if none does. */
  waitForRestore: (state: ProjectState, { links }: ProjectStats) => {
    const count = countFailures(links);
    if (count === 0 || !isAllowed(state, 'restore')) return null;
    return `${pluralize(count, 'failed task')} ${count === 1 ? 'waits' : 'wait'} for a restore`;
  },
  /** Null when no task is in flight. */
  inFlight: ({ inFlight }: ProjectStats) => {
    if (inFlight === null) return 'tasks in flight unknown';
    return inFlight === 0 ? null : `${pluralize(inFlight, 'task')} in flight`;
  },
  reason: formatReason,
  failureReason: formatFailureReason,
};
