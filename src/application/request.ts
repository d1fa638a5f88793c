import { correctionRefused, flagsOf } from '../domain/correction.ts';
import { decide } from '../domain/lifecycle.ts';
import type { Figures } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';
import { precheckPassed } from '../domain/precheck.ts';
import type { Actor, Deed, Project } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Deps } from './deps.ts';
import { findProject, observeProject, precheckProject, type Refused } from './look.ts';

const sameRefusalMs = 60_000;

/** Somebody asks for an action. Who may ask has been decided before (domain/policy.ts; the command line is trusted). */
export interface Asked {
  readonly project: string;
  readonly action: Deed;
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
  const looked =
    refusal === null ? await lookBefore(deps, project, asked.action) : { kind: 'refused' as const, refusal };
  if (looked.kind === 'refused') {
    await noteRefusal(deps, asked, looked.refusal);
    return looked;
  }
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
function refusedByState(project: Project, action: Deed): Refusal | null {
  const { id, state, since, by } = project;
  return decide(state, action).kind === 'allowed'
    ? null
    : { code: 'not_allowed', action, project: id, state, since, by };
}

async function lookBefore(
  deps: Deps,
  project: Project,
  action: Deed,
): Promise<{ readonly kind: 'looked'; readonly figures: Figures } | Refused> {
  if (action === 'start') {
    const { items, figures } = await precheckProject(deps, project);
    if (precheckPassed(items)) return { kind: 'looked', figures };
    return { kind: 'refused', refusal: { code: 'precheck_failed', project: project.id, items } };
  }
  const figures = await observeProject(deps, project);
  if (action !== 'reapply' && action !== 'adopt') return { kind: 'looked', figures };
  const refusal = correctionRefused(project, action, flagsOf(figures.links));
  return refusal === null ? { kind: 'looked', figures } : { kind: 'refused', refusal };
}

/**
 * Keeps in the project's history that somebody was refused before there was an operation. Once a minute for the
 * same thing; the answer is the same when it cannot be kept.
 */
export async function noteRefusal(deps: Pick<Deps, 'store' | 'log'>, asked: Asked, refusal: Refusal): Promise<void> {
  const { project, ...rest } = asked;
  const same = ['refused', project, asked.by, asked.action, refusal.code].join(':');
  try {
    if (await deps.store.firstTime(same, sameRefusalMs)) await deps.store.refused(project, { ...rest, refusal });
  } catch (error) {
    deps.log.warn({ project, error, code: refusal.code }, 'refusal not kept in the history');
  }
}
