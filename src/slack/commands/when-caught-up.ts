import type { Command, LimitWords } from './command.ts';
import { normalizeWord } from './words.ts';

/** What a person types after the projects of a pause. */
export const whenCaughtUpWords = 'when caught up';

/** The longest form: `when they have caught up`. */
const maxWords = 5;
const pattern = /^(?:when|once) (?:(?:it|they)(?:[\u2019']?(?:s|ve|re)| is| are| has| have)? )?caught[ -]?up$/u;

/** The words that may follow `when caught up`. Other words may, too, if it is next to the first project: they are a reason. */
const nextWords: ReadonlySet<string | undefined> = new Set([undefined, 'because', 'for', 'until', 'except']);

/**
 * Finds `when caught up` after the first project, and removes it from the words. After `because`, and in the middle of other
 * words, it is a part of the reason.
 */
export function removeWhenCaughtUp(words: readonly string[]): {
  readonly isFound: boolean;
  readonly otherWords: readonly string[];
} {
  const normalized = words.map(normalizeWord);
  const because = normalized.indexOf('because');
  const end = because === -1 ? words.length : because;
  for (const [start, first] of normalized.slice(0, end).entries()) {
    if (start === 0 || (first !== 'when' && first !== 'once')) continue;
    for (let count = maxWords; count > 1; count--) {
      const next = normalized[start + count];
      if (start + count > end || !(start === 1 || nextWords.has(next))) continue;
      if (!pattern.test(normalized.slice(start, start + count).join(' '))) continue;
      return { isFound: true, otherWords: words.toSpliced(start, count) };
    }
  }
  return { isFound: false, otherWords: words };
}

/** The same command, which waits until its projects have caught up. */
export function withWhenCaughtUp(command: Command): Command {
  if (command.kind === 'change-selection') return { ...command, whenCaughtUp: true };
  if (command.kind !== 'change') return command;
  const { alternative } = command;
  if (alternative === undefined || alternative.command.kind === 'invalid') return { ...command, whenCaughtUp: true };
  const several = { ...alternative, command: { ...alternative.command, whenCaughtUp: true } };
  return { ...command, whenCaughtUp: true, alternative: several };
}

interface Conditions {
  readonly limit?: LimitWords | undefined;
  readonly whenCaughtUp?: boolean | undefined;
}

/** What follows the projects of a command, without the reason: `when caught up for 2h`. Null if nothing does. */
export function conditionsOf({ limit, whenCaughtUp = false }: Conditions): string | null {
  const parts = [
    ...(whenCaughtUp ? [whenCaughtUpWords] : []),
    ...(limit === undefined ? [] : [`${limit.word} ${limit.text}`]),
  ];
  return parts.length === 0 ? null : parts.join(' ');
}
