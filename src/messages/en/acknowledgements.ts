import { type Acknowledgement, isActive } from '../../domain/acknowledgement.ts';
import type { Formatter, TextContext } from '../format.ts';
import { formatNumber, pluralize } from './format.ts';

/** In the message of an alert. The notifier edits it when the acknowledgement ends. */
function line(acknowledgement: Acknowledgement, { format, now }: TextContext): string {
  const { kind, by, at, until, from, isGivenBack } = acknowledgement;
  const [person, since, end] = [format.person(by), format.time(at), format.time(until)];
  const active = isActive(acknowledgement, now);
  if (kind === 'snoozed')
    return active ? `Snoozed by ${person} until ${end}.` : `Was snoozed by ${person} until ${end}.`;
  if (isGivenBack === true) return `${person} was on it from ${since}, and gave it back ${format.at(until)}.`;
  if (!active) return `${person} was on it from ${since}. Not confirmed since ${end}.`;
  const takenOver = from === undefined ? '' : `, taken over from ${format.person(from)}`;
  return `${person} is on it since ${since}${takenOver}. No repeats before ${end}.`;
}

/** In a list. Empty if it has ended. */
function short(acknowledgement: Acknowledgement, { format, now }: TextContext): string {
  const { kind, by, until } = acknowledgement;
  if (!isActive(acknowledgement, now)) return '';
  return kind === 'owned' ? `${format.person(by)} is on it` : `snoozed until ${format.time(until)}`;
}

/** In a reply, which stays as it is: `Snooze ended at 04:02`, and whose it was. */
function ended({ kind, by, at, until, isGivenBack }: Acknowledgement, format: Formatter): readonly [string, string] {
  const [person, end] = [format.person(by), format.at(until)];
  if (kind === 'snoozed') return [`Snooze ended ${end}`, `snoozed by ${person} ${format.at(at)}`];
  return [
    isGivenBack === true ? `Given back ${end}` : `Not confirmed ${end}`,
    `${person} was on it from ${format.time(at)}`,
  ];
}

/** Texts about who works on an alert, and who has snoozed it. */
export const acknowledgements = {
  line,
  /** `2 of 5 projects: @alice is on it since 03:02. …` */
  ofSome: (count: number, total: number, text: string) =>
    `${formatNumber(count)} of ${pluralize(total, 'project')}: ${text}`,
  short,
  ended,
};
