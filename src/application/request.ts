import { checkCorrection, groupObservations } from '../domain/drift.ts';
import { isAllowed, type OperationKind } from '../domain/lifecycle.ts';
import type { ProjectStats } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Actor, Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { UseCaseContext } from './context.ts';
import { findProject, observeProject, precheckProject, type Refused } from './queries.ts';

const refusalDedupeMs = 60_000;

/** Somebody asks for an action. Who may ask has been decided before (domain/policy.ts; the command line is trusted). */
export interface ActionRequest {
  readonly project: string;
  readonly action: OperationKind;
  readonly by: Actor;
  readonly reason: string | null;
  readonly origin: Operation['origin'];
  /** The Slack channel where it was asked; null from the command line. */
  readonly channel: string | null;
}

export type RequestResult =
  | {
      readonly kind: 'requested';
      readonly operation: Operation;
      readonly project: Project;
      readonly stats: ProjectStats;
    }
  | Refused;

/** Step 1 and the first half of step 2 of the road: the state rules, then an operation in `requested`. */
export async function requestAction(deps: UseCaseContext, request: ActionRequest): Promise<RequestResult> {
  const found = await findProject(deps, request.project);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const refusal = checkState(project, request.action);
  const checked =
    refusal === null ? await checkBeforeRequest(deps, project, request.action) : { kind: 'refused' as const, refusal };
  if (checked.kind === 'refused') {
    await recordRefusal(deps, request, checked.refusal);
    return checked;
  }
  const stored = await deps.operations.request({
    id: deps.ids.next(),
    project: project.id,
    action: request.action,
    by: request.by,
    reason: request.reason,
    origin: request.origin,
    channel: request.channel,
    projectVersion: project.version,
    ttlMs: deps.settings.confirmationTtlMs,
  });
  if (stored.kind === 'refused') return stored;
  const { operation } = stored;
  deps.log.info({ project: project.id, operationId: operation.id, action: request.action }, 'operation requested');
  return { kind: 'requested', operation, project, stats: checked.stats };
}

/** The refusal of the state rules with the facts that its sentence needs, or null when the action is allowed. */
function checkState(project: Project, action: OperationKind): Refusal | null {
  const { id, state, since, by } = project;
  return isAllowed(state, action) ? null : { code: 'not_allowed', action, project: id, state, since, by };
}

async function checkBeforeRequest(
  deps: UseCaseContext,
  project: Project,
  action: OperationKind,
): Promise<{ readonly kind: 'looked'; readonly stats: ProjectStats } | Refused> {
  if (action === 'start') {
    const { items, stats } = await precheckProject(deps, project);
    if (precheckPassed(items)) return { kind: 'looked', stats };
    return { kind: 'refused', refusal: { code: 'precheck_failed', project: project.id, items } };
  }
  const stats = await observeProject(deps, project);
  if (action !== 'reapply' && action !== 'adopt') return { kind: 'looked', stats };
  const refusal = checkCorrection(project, action, groupObservations(stats.links));
  return refusal === null ? { kind: 'looked', stats } : { kind: 'refused', refusal };
}

/**
 * Keeps in the project's history that somebody was refused before there was an operation. Once a minute for the
 * same thing; the answer is the same when it cannot be kept.
 */
export async function recordRefusal(
  deps: Pick<UseCaseContext, 'deduplication' | 'auditLog' | 'log'>,
  request: ActionRequest,
  refusal: Refusal,
): Promise<void> {
  const { project, ...rest } = request;
  const dedupeKey = ['refused', project, request.by, request.action, refusal.code].join(':');
  try {
    if (await deps.deduplication.claimOnce(dedupeKey, refusalDedupeMs))
      await deps.auditLog.recordRefusal(project, { ...rest, refusal });
  } catch (error) {
    deps.log.warn({ project, error, code: refusal.code }, 'refusal not kept in the history');
  }
}
