import type { PausedUntil } from './paused-until.ts';
import type { Project } from './project.ts';

type TimedProject = Pick<Project, 'state' | 'pausedUntil'>;

/** The end of the pause of a Paused project. Null without one, and after the timer has stopped. */
export function activeDeadline({ state, pausedUntil }: TimedProject): PausedUntil | null {
  return state === 'paused' && pausedUntil?.stopped === null ? pausedUntil : null;
}

export type TimerStep =
  | { readonly kind: 'none' }
  /** A restore is due. */
  | { readonly kind: 'restore'; readonly until: PausedUntil }
  /** The project was changed since the pause. */
  | { readonly kind: 'stop'; readonly until: PausedUntil };

/** What the timer does at `now`. */
export function timerStep(
  project: TimedProject & Pick<Project, 'version' | 'activeOperation'>,
  now: number,
): TimerStep {
  const until = activeDeadline(project);
  if (until === null || project.activeOperation !== null || now < until.nextAttemptAt) return { kind: 'none' };
  return { kind: project.version === until.version ? 'restore' : 'stop', until };
}

const attemptDelaysMs = [60_000, 120_000, 300_000, 600_000, 900_000] as const;

/** How long after the failed attempt with this number (from 1) the next one is due, ms. */
export function attemptDelayMs(attempts: number): number {
  return attemptDelaysMs[Math.min(attempts, attemptDelaysMs.length) - 1] ?? 0;
}

/** The same for every process and every repeat, so that one attempt is one operation. */
export function timerOperationId({ operation, at, attempts }: PausedUntil): string {
  return `${operation}-${at}-${attempts}`;
}

/** How long before its end people are notified of it, ms. A shorter pause has no such message. */
export const endingNoticeMs = 15 * 60_000;

/** Whether people are to be notified that the pause ends soon. */
export function isEndingSoon({ at, setAt, attempts }: PausedUntil, now: number): boolean {
  return attempts === 0 && at - setAt > endingNoticeMs && now >= at - endingNoticeMs;
}
