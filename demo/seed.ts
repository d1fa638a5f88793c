import { setTimeout as delay } from 'node:timers/promises';
import { applyPlan } from '../src/application/apply-plan.ts';
import { confirm } from '../src/application/confirm.ts';
import { planApply } from '../src/application/plan.ts';
import { requestAction } from '../src/application/request-action.ts';
import type { CliApp } from '../src/cli/cli-app.ts';
import { cliFormatter } from '../src/cli/terminal-text.ts';
import type { SyncbotConfig } from '../src/config/config.ts';
import type { ProjectId } from '../src/domain/project.ts';
import type { ProjectState } from '../src/domain/project-state.ts';
import { applyRefusalText } from '../src/messages/render.ts';
import type { DataFlow } from './data-flow.ts';
import { DemoError } from './errors.ts';
import { brokenRow } from './projects.ts';

const actor = 'cli:demo';
const stateTimeoutMs = 60_000;

/** Applies syncbot.yml, like `syncbot apply --yes`. */
export async function applyConfig({ useCaseContext }: CliApp, config: SyncbotConfig): Promise<void> {
  const planResult = await planApply(useCaseContext, config);
  if (planResult.kind === 'refused') {
    throw new DemoError(
      1,
      `The demo's syncbot.yml was refused: ${planResult.refusals.map((refusal) => applyRefusalText(refusal, cliFormatter)).join(' ')}`,
    );
  }
  const applyResult = await applyPlan(useCaseContext, { plan: planResult.plan, by: actor });
  if (applyResult.kind !== 'applied')
    throw new DemoError(1, `The demo's syncbot.yml was not applied, because other changes were made in the meantime.`);
}

export interface SeedOptions {
  readonly app: CliApp;
  readonly dataFlow: DataFlow;
  /** Resolves when Slack can reach the bot. */
  readonly connected: Promise<void>;
  readonly shutdownSignal: AbortSignal;
}

/** Brings every project into its state for the demo, through the same use cases as a user. */
export async function seedProjectStates({ app, dataFlow, connected, shutdownSignal }: SeedOptions): Promise<void> {
  await connected;
  await dataFlow.startWorkers();
  await Promise.all([pauseProject(app, 'invoices', 'month-end closing'), dataFlow.breakRow()]);
  await waitForState(app, { project: 'invoices', state: 'paused', shutdownSignal });
  await waitForState(app, { project: brokenRow.project, state: 'failed', shutdownSignal });
}

/** Pauses a project, like `syncbot pause --yes --reason …`, but does not wait for the outcome. */
async function pauseProject({ useCaseContext }: CliApp, project: ProjectId, reason: string): Promise<void> {
  const request = { project, action: 'pause', by: actor, reason, origin: 'cli', channel: null } as const;
  const requestResult = await requestAction(useCaseContext, request);
  if (requestResult.kind === 'refused') {
    throw new DemoError(1, `The demo could not pause ${project} (${requestResult.refusal.code}).`);
  }
  await confirm(useCaseContext, { ref: { project, operation: requestResult.operation.id }, by: actor, dialog: null });
}

interface ExpectedState {
  readonly project: ProjectId;
  readonly state: ProjectState;
  readonly shutdownSignal: AbortSignal;
}

/** Waits until a project is in a state and its links are in the desired state. */
async function waitForState(
  { useCaseContext }: CliApp,
  { project, state, shutdownSignal }: ExpectedState,
): Promise<void> {
  const deadline = Date.now() + stateTimeoutMs;
  for (;;) {
    shutdownSignal.throwIfAborted();
    const current = await useCaseContext.projects.read(project);
    if (current?.state === state && current.reconciledVersion === current.version) return;
    if (Date.now() > deadline) throw new DemoError(1, `The demo's project ${project} did not become ${state}.`);
    await delay(20);
  }
}
