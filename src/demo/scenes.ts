import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../app.ts';
import { applyPlan } from '../application/apply.ts';
import { explainApplyRefusal } from '../application/apply-refusal.ts';
import { convergeStanding } from '../application/converge.ts';
import { planApply } from '../application/plan.ts';
import { requestAction } from '../application/request.ts';
import { confirm } from '../application/settle.ts';
import type { SyncbotConfig } from '../config.ts';
import { answerWithinMs } from '../domain/operation.ts';
import type { ProjectId, ProjectState } from '../domain/project.ts';
import { DemoFault } from './demo-fault.ts';

const actor = 'cli:demo';
const PATIENCE_MS = 60_000;

/** What `syncbot apply --yes` does. */
export async function applyFile({ deps }: App, config: SyncbotConfig): Promise<void> {
  const planned = await planApply(deps, config);
  if (planned.kind === 'refused') {
    throw new DemoFault(1, `The demo's file was refused: ${planned.refusals.map(explainApplyRefusal).join(' ')}`);
  }
  const pauseLinks = async (id: ProjectId) => {
    await convergeStanding(deps, id, answerWithinMs);
  };
  const applied = await applyPlan(deps, { plan: planned.plan, by: actor, pauseLinks });
  if (applied.kind === 'conflict') throw new DemoFault(1, `The demo's file was not applied: ${applied.project} moved.`);
}

/** What `syncbot pause --yes --reason …` does, without waiting. */
export async function pause({ deps }: App, project: ProjectId, reason: string): Promise<void> {
  const asked = { project, action: 'pause', by: actor, reason, origin: 'cli', channel: null, dialog: null } as const;
  const requested = await requestAction(deps, asked);
  if (requested.kind === 'refused') {
    throw new DemoFault(1, `The demo could not pause ${project} (${requested.refusal.code}).`);
  }
  await confirm(deps, { ref: { project, operation: requested.operation.id }, by: actor, dialog: null });
}

/** Waits until a project is in a state and its links agree with it. */
export async function reached(
  { deps }: App,
  {
    project,
    state,
    ending,
  }: { readonly project: ProjectId; readonly state: ProjectState; readonly ending: AbortSignal },
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    ending.throwIfAborted();
    const found = await deps.store.read(project);
    if (found?.state === state && found.convergedVersion === found.version) return;
    if (Date.now() > deadline) throw new DemoFault(1, `The demo's project ${project} did not become ${state}.`);
    await delay(20);
  }
}
