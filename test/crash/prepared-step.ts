import type { OperationRef } from '../../src/domain/operation.ts';
import type { ProcessStep } from './forked-process.ts';
import type { CrashHarness } from './harness.ts';

/** A step outside the queue `actions` that a process is stopped in, and what must be true afterwards. */
export interface PreparedStep extends AsyncDisposable {
  /** What the labels of the crash points leave out. */
  readonly ref: OperationRef;
  readonly step: ProcessStep;
  /** Whether another worker completes the step while the process is stopped. */
  readonly isContinued: boolean;
  /** The step, or the other worker instead of it, had its effect once. */
  expectOnce(): Promise<void>;
  /** What a person or the timer does while the process is stopped. Default: nothing. */
  meanwhile?(): Promise<void>;
}

/** Prepares each of the steps. */
export type StepPreparations<Step extends string> = {
  readonly [Kind in Step]: (harness: CrashHarness) => Promise<PreparedStep>;
};

/** How many entries of the project's history have this event. */
export async function countEvents(
  { services: { context } }: Pick<CrashHarness, 'services'>,
  project: string,
  event: string,
): Promise<number> {
  return (await context.auditLog.read(project, { limit: 100 })).filter((entry) => entry.event === event).length;
}
