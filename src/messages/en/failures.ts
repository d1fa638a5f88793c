import type { FailureRow } from '../../domain/failure-row.ts';
import type { Formatter } from '../format.ts';
import { formatDuration, formatOrdinal } from './format.ts';
import { actions, states } from './terms.ts';

/** `1 s after @alice restored it`: how long a project ran before its newest failure. */
function afterRun({ failedAt, run }: FailureRow, format: Formatter): string {
  const did =
    run.action === 'adopt' ? `recorded it as ${states.running}` : `${actions[run.action ?? 'restore'].done} it`;
  return `${formatDuration(failedAt - run.since)} after ${format.person(run.by)} ${did}`;
}

/** What a failure has in common with the one before: `same cause`, `2nd time`. */
function repetition({ count, isSameCause }: FailureRow): string[] {
  return [...(isSameCause ? ['same cause'] : []), `${formatOrdinal(count)} time`];
}

/** Texts about the failures of a project, for a row from its second failure on. */
export const failures = { afterRun, repetition };
