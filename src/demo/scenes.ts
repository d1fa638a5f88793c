import { setTimeout as delay } from 'node:timers/promises';
import { applyPlan } from '../application/apply.ts';
import { explainApplyRefusal } from '../application/apply-refusal.ts';
import { planApply } from '../application/plan.ts';
import { requestAction } from '../application/request.ts';
import { confirm } from '../application/settle.ts';
import type { CliApp } from '../cli/context.ts';
import type { SyncbotConfig } from '../config.ts';
import type { ProjectId, ProjectState } from '../domain/project.ts';
import type { DataFlow } from './data-flow.ts';
import { DemoFault } from './demo-fault.ts';
import { poisoned } from './projects.ts';

const actor = 'cli:demo';
const PATIENCE_MS = 60_000;

/** What `syncbot apply --yes` does. */
export async function applyFile({ deps }: CliApp, config: SyncbotConfig): Promise<void> {
  const planned = await planApply(deps, config);
  if (planned.kind === 'refused') {
    throw new DemoFault(1, `The demo's file was refused: ${planned.refusals.map(explainApplyRefusal).join(' ')}`);
  }
  const applied = await applyPlan(deps, { plan: planned.plan, by: actor });
  if (applied.kind === 'conflict') throw new DemoFault(1, `The demo's file was not applied: ${applied.project} moved.`);
}

export interface Scenes {
  readonly app: CliApp;
  readonly flow: DataFlow;
  /** Resolves when Slack reaches the bot. */
  readonly connected: Promise<void>;
  readonly ending: AbortSignal;
}

/** Brings every project where the demo shows it, by the road that people take. */
export async function playScenes({ app, flow, connected, ending }: Scenes): Promise<void> {
  await connected;
  await flow.startWorkers();
  await Promise.all([pause(app, 'invoices', 'month-end closing'), flow.poison()]);
  await reached(app, { project: 'invoices', state: 'paused', ending });
  await reached(app, { project: poisoned.project, state: 'failed', ending });
}

/** What `syncbot pause --yes --reason …` does, without waiting. */
async function pause({ deps }: CliApp, project: ProjectId, reason: string): Promise<void> {
  const asked = { project, action: 'pause', by: actor, reason, origin: 'cli', channel: null } as const;
  const requested = await requestAction(deps, asked);
  if (requested.kind === 'refused') {
    throw new DemoFault(1, `The demo could not pause ${project} (${requested.refusal.code}).`);
  }
  await confirm(deps, { ref: { project, operation: requested.operation.id }, by: actor, dialog: null });
}

interface Goal {
  readonly project: ProjectId;
  readonly state: ProjectState;
  readonly ending: AbortSignal;
}

/** Waits until a project is in a state and its links agree with it. */
async function reached({ deps }: CliApp, { project, state, ending }: Goal): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    ending.throwIfAborted();
    const found = await deps.store.read(project);
    if (found?.state === state && found.convergedVersion === found.version) return;
    if (Date.now() > deadline) throw new DemoFault(1, `The demo's project ${project} did not become ${state}.`);
    await delay(20);
  }
}
