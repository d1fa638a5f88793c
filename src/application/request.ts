import { decide } from '../domain/lifecycle.ts';
import type { Figures } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Action, Actor, Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Deps } from './deps.ts';
import { findProject, observeProject, precheckProject, type Refused } from './look.ts';

/** Somebody asks for an action. Who may ask has been decided before (domain/policy.ts; the command line is trusted). */
export interface Asked {
  readonly project: string;
  readonly action: Action;
  readonly by: Actor;
  readonly reason: string | null;
  readonly origin: Operation['origin'];
  /** The Slack channel where it was asked; null from the command line. */
  readonly channel: string | null;
}

export type Requested =
  | {
      readonly kind: 'requested';
      readonly operation: Operation;
      readonly project: Project;
      readonly figures: Figures;
    }
  | Refused;

/** Step 1 and the first half of step 2 of the road: the state rules, then an operation in `requested`. */
export async function requestAction(deps: Deps, asked: Asked): Promise<Requested> {
  const found = await findProject(deps, asked.project);
  if (found.kind === 'refused') return found;
  const { project } = found;
  const refusal = refusedByState(project, asked.action);
  if (refusal !== null) return { kind: 'refused', refusal };
  const looked = await lookBefore(deps, project, asked.action);
  if (looked.kind === 'refused') return looked;
  const recorded = await deps.store.request({
    id: deps.ids.operation(),
    project: project.id,
    action: asked.action,
    by: asked.by,
    reason: asked.reason,
    origin: asked.origin,
    channel: asked.channel,
    projectVersion: project.version,
    ttlMs: deps.settings.confirmationTtlMs,
  });
  if (recorded.kind === 'refused') return recorded;
  const { operation } = recorded;
  deps.log.info({ project: project.id, operationId: operation.id, action: asked.action }, 'operation requested');
  return { kind: 'requested', operation, project, figures: looked.figures };
}

/** The refusal of the state rules with the facts that its sentence needs, or null when the action is allowed. */
function refusedByState(project: Project, action: Action): Refusal | null {
  const { id, state, since, by } = project;
  return decide(state, action).kind === 'allowed'
    ? null
    : { code: 'not_allowed', action, project: id, state, since, by };
}

async function lookBefore(
  deps: Deps,
  project: Project,
  action: Action,
): Promise<{ readonly kind: 'looked'; readonly figures: Figures } | Refused> {
  if (action !== 'start') return { kind: 'looked', figures: await observeProject(deps, project) };
  const { items, figures } = await precheckProject(deps, project);
  if (precheckPassed(items)) return { kind: 'looked', figures };
  return { kind: 'refused', refusal: { code: 'precheck_failed', project: project.id, items } };
}
