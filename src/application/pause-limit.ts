import type { OperationKind } from '../domain/lifecycle.ts';
import type { PauseLimit } from '../domain/paused-until.ts';
import type { Project } from '../domain/project.ts';
import { resolveLimit } from '../lib/resolve-limit.ts';
import { type LimitWord, parseLimit } from '../lib/time-limit.ts';
import type { Refused } from './queries.ts';

/** The limit of a pause as a person typed it: the text after `for` or `until`. */
export interface TypedLimit {
  readonly word: LimitWord;
  readonly text: string;
  /** In which a time of day is read, an IANA name. */
  readonly timeZone: string;
}

interface LimitRule {
  readonly action: OperationKind;
  readonly limit: TypedLimit | null;
  readonly now: number;
}

interface PauseRule extends LimitRule {
  /** Whether the pause begins later: then a duration is counted from its beginning. */
  readonly whenCaughtUp: boolean;
}

type FixedLimit = { readonly kind: 'fixed'; readonly pauseUntil: PauseLimit | null } | Refused;

/** When the operation ends its pause. A duration is counted from `now`, or from the beginning of a pause that waits. Null without a limit. */
export function fixLimit(
  { id, definition: { pauseMax } }: Pick<Project, 'id' | 'definition'>,
  { action, limit, whenCaughtUp, now }: PauseRule,
): FixedLimit {
  const read = readLimit(id, { action, limit, now });
  if (read.kind === 'refused') return read;
  const { at } = read;
  if (limit === null || at === null) {
    const isLimited = action === 'pause' && pauseMax !== null;
    if (!isLimited) return { kind: 'fixed', pauseUntil: null };
    const later = whenCaughtUp ? { durationMs: pauseMax } : {};
    return { kind: 'fixed', pauseUntil: { at: now + pauseMax, timeZone: null, source: 'pauseMax', ...later } };
  }
  if (pauseMax !== null && at > now + pauseMax)
    return { kind: 'refused', refusal: { code: 'limit_above_max', project: id, maxMs: pauseMax } };
  const timeZone = limit.word === 'until' ? limit.timeZone : null;
  const later = whenCaughtUp && limit.word === 'for' ? { durationMs: at - now } : {};
  return { kind: 'fixed', pauseUntil: { at, timeZone, source: 'person', ...later } };
}

/**
 * Reads a limit without the rules of a project. `project`: what a refusal names, a project or a selection. `at` is null without a
 * limit.
 */
export function readLimit(
  project: string,
  { action, limit, now }: LimitRule,
): { readonly kind: 'read'; readonly at: number | null } | Refused {
  if (limit === null) return { kind: 'read', at: null };
  if (action !== 'pause') return { kind: 'refused', refusal: { code: 'limit_not_possible', project, action } };
  const parsed = parseLimit(limit.word, limit.text);
  const resolved = parsed.kind === 'invalid' ? parsed : resolveLimit(parsed.limit, { now, timeZone: limit.timeZone });
  if (resolved.kind !== 'invalid') return { kind: 'read', at: resolved.at };
  return {
    kind: 'refused',
    refusal: { code: 'invalid_limit', project, verb: 'pause', ...limit, problem: resolved.code },
  };
}
