import { expect } from 'vitest';
import { type ApplyResult, applyPlan } from '../../src/application/apply-plan.ts';
import { type Plan, type PlanResult, planApply } from '../../src/application/plan.ts';
import { cliFormatter } from '../../src/cli/terminal-text.ts';
import type { DesiredProject } from '../../src/domain/diff-projects.ts';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { applyRefusalText } from '../../src/messages/render.ts';
import type { TestLink, TestServices } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';

type DesiredProjectOptions = Partial<ProjectDefinition> & { readonly adopt?: boolean };

/** A project as syncbot.yml would define it. */
export function desiredProject(
  id: string,
  links: readonly Pick<TestLink, 'link'>[],
  { adopt = false, ...definition }: DesiredProjectOptions = {},
): DesiredProject {
  const defaults = {
    description: null,
    source: null,
    target: null,
    labels: [],
    channel: null,
    onCall: [],
    runbook: null,
    logRetention: null,
    latencyAlert: null,
    pausedReminder: null,
    pauseMax: null,
  };
  return {
    adopt,
    definition: { v: 1, id, ...defaults, onFailure: 'pause', links: links.map(({ link }) => link), ...definition },
  };
}

/** Plans and applies with the test's services. No worker runs. */
export function createApplyFixture({ context }: Pick<TestServices, 'context'>) {
  let prune = false;
  const plan = (...projects: DesiredProject[]): Promise<PlanResult> => planApply(context, { projects }, { prune });

  async function planOrThrow(...projects: DesiredProject[]): Promise<Plan> {
    const result = await plan(...projects);
    if (result.kind === 'planned') return result.plan;
    throw new Error(result.refusals.map((refusal) => applyRefusalText(refusal, cliFormatter)).join('\n'));
  }

  async function planRefusals(...projects: DesiredProject[]): Promise<string[]> {
    const result = await plan(...projects);
    if (result.kind === 'planned') throw new Error('not refused');
    for (const refusal of result.refusals) expect(applyRefusalText(refusal, cliFormatter)).toMatch(/^\S.*\.$/);
    return result.refusals.map(({ code, project }) => `${project} ${code}`);
  }

  async function apply(...projects: DesiredProject[]): Promise<ApplyResult> {
    return applyPlanned(await planOrThrow(...projects));
  }

  function applyPlanned(approvedPlan: Plan): Promise<ApplyResult> {
    return applyPlan(context, { plan: approvedPlan, by: 'cli:test' });
  }
  /** The plans after it are those of `apply --prune`. */
  const withPrune = () => {
    prune = true;
  };
  return { withPrune, plan, planOrThrow, planRefusals, apply, applyPlanned };
}

export const queueNames = (links: readonly { readonly queue: string }[]) => links.map(({ queue }) => queue);
export const appliedResult = { kind: 'applied', notPaused: [] };

/** Adds one task, and starts a worker until it has processed the task. */
export async function processOneTask({ queue, startWorker }: TestLink, outcome: 'completed' | 'failed'): Promise<void> {
  const job = await queue.add('row', {});
  const worker = await startWorker(async () => {
    if (outcome === 'failed') throw new Error('refused by the target');
  });
  await waitFor(async () => (await job.getState()) === outcome);
  await worker.close();
}
