import type { ProjectStats } from '../../domain/observation.ts';
import { claimTimeoutMs, type Operation, type OperationRef } from '../../domain/operation.ts';
import type { Project } from '../../domain/project.ts';
import type { SourceLogEnd } from '../../domain/source-log-retention.ts';
import type { BatchRequestFacts } from '../facts.ts';
import type { Formatter } from '../format.ts';
import { batch } from './batch.ts';
import { catchUp } from './catch-up.ts';
import { confirmation, type LogRetentionFacts, logRetention } from './confirmation-dialog.ts';
import { format, formatDuration, pluralize } from './format.ts';
import { pauseLimits } from './pause-limits.ts';
import { failedTask } from './skipped.ts';
import { nothingChanged, stateClause } from './terms.ts';

/** Texts of `syncbot start`, `pause`, `restore` and `retry` of one project. */
export const cliChange = {
  question: (facts: QuestionFacts) => {
    const { project, operation, stats, now, format: formatter } = facts;
    const { action, tasks, pauseUntil, catchUpMs } = operation;
    const { id, state, definition } = project;
    const linkCount = pluralize(definition.links.length, 'link');
    const counts = [linkCount, format.backlog(stats), format.latency(stats), format.inFlight(stats)]
      .filter((fact) => fact !== null)
      .join(', ');
    const ends = { project: id, pauseMaxMs: definition.pauseMax, now, format: formatter };
    const end = pauseUntil && pauseLimits.willEnd(pauseUntil, ends);
    const waits = catchUpMs === null ? '' : ` If you answer yes, ${catchUp.willWait(id, catchUpMs)}`;
    const grows = end === null ? ' Latency will grow until it is restored.' : ` ${end} Latency will grow until then.`;
    const consequence = action === 'pause' ? `${waits}${grows}${logRetention(facts)}` : '';
    const tasksText = tasks.map((task) => `\n${failedTask(task, formatter)}`).join('');
    return `${stateClause(id, state)}: ${counts}.${consequence}${tasksText}\n${confirmation.question(operation)}?`;
  },
  /** Without a question: the pause ends after the source's log. Empty if it does not. */
  endsTooLate: (facts: QuestionFacts) => (facts.operation.pauseUntil === null ? '' : logRetention(facts).trim()),
  cancelled: `Cancelled. ${nothingChanged}`,
  checking: "The bot's Redis does not answer. Checking whether the operation was confirmed…",
  /** `check`: the command that shows the project. */
  unknownOutcome: ({ project, operation }: OperationRef, check: string) =>
    `The outcome of operation ${operation} on ${project} is unknown. Check with: ${check}`,
  /** What happens to an operation after the command has stopped waiting for it. */
  stillOpen: {
    requested: nothingChanged,
    confirmed: `No syncbot worker has started it. Check that syncbot runs with the role worker or all. If no syncbot worker starts it within ${formatDuration(claimTimeoutMs)} of its confirmation, it is refused.`,
    waiting: catchUp.goesOn,
    running: 'It is still running and continues without this command.',
  },
  checkLater: (operation: string, check: string) => `Operation ${operation}. Check with: ${check}`,
};

/** Texts of the same commands for several projects. */
export const cliChangeBatch = {
  question: (
    facts: BatchRequestFacts,
    { logEnds, ...stats }: Pick<ProjectStats, 'backlog' | 'latencyMs'> & { readonly logEnds: readonly SourceLogEnd[] },
    formatter: Formatter,
  ) => {
    const counts = [pluralize(facts.links, 'link'), format.backlog(stats), format.latency(stats)].join(', ');
    const projects = facts.items.map(({ project }) => project).join(', ');
    const waits = facts.catchUpMs === null ? '' : ` If you answer yes, ${catchUp.eachWaits(facts.catchUpMs)}`;
    const details = [
      batch.plannedEnd(facts.items, formatter),
      batch.endsTooLate(logEnds, formatter),
      batch.restoreBefore(logEnds, formatter),
    ].filter((line) => line !== null);
    return [`${batch.allowed(facts)}: ${counts}.${waits}`, projects, ...details, `${batch.question(facts)}?`].join(
      '\n',
    );
  },
  checking: "The bot's Redis does not answer. Checking whether the batch was confirmed…",
  /** `check`: the command that shows the projects. */
  unknownOutcome: (id: string, check: string) => `The outcome of batch ${id} is unknown. Check with: ${check}`,
  stillOpen: (id: string, check: string) =>
    `Batch ${id} is not done yet and continues without this command. Check with: ${check}`,
};

interface QuestionFacts extends LogRetentionFacts {
  readonly project: Pick<Project, 'id' | 'state' | 'definition'>;
  readonly operation: Pick<Operation, 'project' | 'action' | 'tasks' | 'pauseUntil' | 'catchUpMs'>;
  readonly stats: ProjectStats;
}
