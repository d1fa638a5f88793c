import type { FollowGoal } from '../domain/follow-up.ts';
import type { HistoryEvent } from '../domain/history.ts';
import { type FollowInput, type FollowStep, isFollowOverdue, observeFollowUp } from '../domain/observe-follow-up.ts';
import { type Operation, refOf } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';
import type { UseCaseContext } from './context.ts';

/** Each message of a followed operation may be edited once in this time, ms, for each project that is followed. */
const editIntervalMs = 2_000;

/**
 * How often each message may be edited when so many are followed. All together are edited 30 times a minute at most: Slack
 * accepts about 50 edits a minute, and outcomes and alerts need them too.
 */
export function followIntervalMs(projects: readonly Pick<Project, 'followedOperation'>[]): number {
  return editIntervalMs * projects.filter(({ followedOperation }) => followedOperation !== null).length;
}

/** The audit event when the goal is reached. */
const reachedEvents: Readonly<Record<FollowGoal, HistoryEvent>> = { quiet: 'drained', caught_up: 'caught_up' };

/** Shows in the message of the operation that the project follows what this observation has changed. */
export async function followOperation(
  context: UseCaseContext,
  { project, ...input }: FollowInput & { readonly project: Project },
): Promise<void> {
  const operation = await readFollowed(context, project);
  if (operation !== null) await save(context, project, { operation, step: observeFollowUp(operation, input) });
}

/** Ends following when it is long over and no worker observes the project. */
export async function endOverdueFollowUp(context: UseCaseContext, project: Project): Promise<void> {
  const operation = await readFollowed(context, project);
  if (operation === null || operation.followUp === null) return;
  const at = await context.serverClock.now();
  if (!isFollowOverdue(operation, at)) return;
  const step = { kind: 'changed', followUp: operation.followUp, end: { kind: 'timed_out', at } } as const;
  await save(context, project, { operation, step });
}

/** An active operation may roll back. Then its project follows the earlier operation further. */
async function readFollowed(
  { operations }: UseCaseContext,
  { id, followedOperation, activeOperation }: Project,
): Promise<Operation | null> {
  if (followedOperation === null || activeOperation !== null) return null;
  return operations.read({ project: id, operation: followedOperation });
}

async function save(
  { operations, notifications }: UseCaseContext,
  { version }: Project,
  { operation, step }: { readonly operation: Operation; readonly step: FollowStep },
): Promise<void> {
  if (step.kind === 'unchanged') return;
  const { followUp, end: followEnd } = step;
  const event = followEnd?.kind === 'reached' ? reachedEvents[followUp.goal] : null;
  const ref = refOf(operation);
  const change = { expectedVersion: version, expectedSeq: operation.seq, followUp, followEnd, event };
  const saved = await operations.updateFollowUp(ref, change);
  if (saved.kind === 'written') await notifications.operationChanged(ref);
}
