import type { PausedUntil, PauseLimit, Timer } from '../../domain/paused-until.ts';
import type { RefusalOf } from '../../domain/refusal.ts';
import { exampleLimits, type LimitErrorCode, maxLimitMs, minLimitMs } from '../../lib/time-limit.ts';
import type { Formatter } from '../format.ts';
import { formatDuration, formatRemaining, joinOr } from './format.ts';

interface ProblemFacts {
  readonly word: 'for' | 'until';
  readonly text: string;
  /** `Europe/Berlin time`. */
  readonly zone: string;
}

/** What is wrong with the limit of a pause, a clause. */
const problems: Readonly<Record<LimitErrorCode, (facts: ProblemFacts) => string>> = {
  missing: ({ word }) => (word === 'for' ? 'the duration is missing' : 'the time is missing'),
  not_a_duration: ({ text }) => `“${text}” is not a duration, and a reason follows “because”`,
  not_a_time: ({ text }) => `“${text}” is not a time, and a reason follows “because”`,
  time_missing: ({ text }) => `“${text}” has no time of day`,
  no_such_time: ({ text }) => `“${text}” is not a time of day`,
  no_such_date: ({ text }) => `the date of “${text}” does not exist`,
  too_short: () => `a pause with a limit lasts at least ${formatDuration(minLimitMs)}`,
  too_long: () => `a pause with a limit lasts at most ${formatDuration(maxLimitMs)}`,
  past: ({ text, zone }) => `“${text}” has passed, read as ${zone}`,
  skipped_time: ({ text, zone }) =>
    `“${text}” does not exist on that day, because the clock is moved forward (${zone})`,
};

/** `for 2h, until 18:30 or until tomorrow 06:00`. */
const examples = joinOr(exampleLimits);

/** Texts about the limit of a pause. */
export const pauseLimits = {
  problem: ({ word, text, problem, timeZone }: RefusalOf<'invalid_limit'>, format: Formatter): string =>
    problems[problem]({ word, text: format.text(text, 60), zone: pauseLimits.zone(timeZone) }),
  examples,

  zone: (timeZone: string) => `${timeZone} time`,
  /** In the dialog: what ends the pause, after what it does. */
  willEnd: (limit: PauseLimit, { project, pauseMaxMs, now, format }: WillEndFacts): string => {
    const { at, timeZone, source, durationMs } = limit;
    const read = timeZone === null ? '' : `, read as ${pauseLimits.zone(timeZone)}`;
    const why =
      source === 'pauseMax' && pauseMaxMs !== null
        ? ` You gave no limit, so pauseMax of ${project} counts: ${formatDuration(pauseMaxMs)}.`
        : '';
    if (durationMs !== undefined)
      return `syncbot restores ${project} by itself ${formatDuration(durationMs)} after the pause has begun.${why}`;
    return `syncbot restores ${project} by itself ${format.at(at)} (in ${formatRemaining(at - now)}${read}).${why}`;
  },
  /** `until 18:30`, after the state. */
  until: (at: number, format: Formatter) => `until ${format.time(at)}`,
  /** In the details of a Paused project. */
  ends: ({ at, by, setAt, stopped }: PausedUntil, format: Formatter) =>
    stopped === null
      ? `syncbot restores it by itself ${format.at(at)}, as ${format.person(by)} set it ${format.at(setAt)}`
      : `syncbot was to restore it ${format.at(at)}, and does not any more, because it was changed`,
  /** The answer to an extension. */
  extended: (project: string, until: number, format: Formatter) => `The pause of ${project} ends ${format.at(until)}.`,
  /** The answer to Keep Paused on the command line. `until`: the end that `pauseMax` sets. */
  kept: (project: string, until: number | null, format: Formatter) =>
    until === null
      ? `${project} stays Paused until you restore it.`
      : `${project} stays Paused until ${format.time(until)}, as its pauseMax allows. Then syncbot restores it by itself.`,
  /** `the timer that @alice set at 16:30`. */
  timer: ({ by, setAt }: Pick<Timer, 'by' | 'setAt'>, format: Formatter) =>
    `the timer that ${format.person(by)} set ${format.at(setAt)}`,
};

interface WillEndFacts {
  readonly project: string;
  readonly pauseMaxMs: number | null;
  /** Epoch ms. */
  readonly now: number;
  readonly format: Formatter;
}
