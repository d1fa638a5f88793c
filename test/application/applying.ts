import { expect } from 'vitest';
import { type Applied, applyPlan } from '../../src/application/apply.ts';
import { explainApplyRefusal } from '../../src/application/apply-refusal.ts';
import { type Plan, type Planned, planApply } from '../../src/application/plan.ts';
import type { WantedProject } from '../../src/application/wanted.ts';
import type { ProjectDefinition } from '../../src/domain/project.ts';
import { waitFor } from '../support/wait.ts';
import type { OwnedLink, World } from '../support/world.ts';

type More = Partial<ProjectDefinition> & { readonly adopt?: boolean };

/** A project as a file would want it. */
export function wanted(
  id: string,
  links: readonly Pick<OwnedLink, 'link'>[],
  { adopt = false, ...more }: More = {},
): WantedProject {
  const plain = {
    description: null,
    source: null,
    target: null,
    labels: [],
    channel: null,
    logRetention: null,
    latencyAlert: null,
  };
  return {
    adopt,
    definition: { v: 1, id, ...plain, onFailure: 'pause', links: links.map(({ link }) => link), ...more },
  };
}

/** Planning and applying on a test's world, with no worker of the bot about. */
export function applying({ deps }: Pick<World, 'deps'>) {
  const plan = (...projects: WantedProject[]): Promise<Planned> => planApply(deps, { projects });

  async function planned(...projects: WantedProject[]): Promise<Plan> {
    const result = await plan(...projects);
    if (result.kind === 'planned') return result.plan;
    throw new Error(result.refusals.map(explainApplyRefusal).join('\n'));
  }

  async function refused(...projects: WantedProject[]): Promise<string[]> {
    const result = await plan(...projects);
    if (result.kind === 'planned') throw new Error('not refused');
    for (const refusal of result.refusals) expect(explainApplyRefusal(refusal)).toMatch(/^\S.*\.$/);
    return result.refusals.map(({ code, project }) => `${project} ${code}`);
  }

  async function apply(...projects: WantedProject[]): Promise<Applied> {
    return carryOut(await planned(...projects));
  }

  function carryOut(made: Plan): Promise<Applied> {
    return applyPlan(deps, { plan: made, by: 'cli:test' });
  }
  return { plan, planned, refused, apply, carryOut };
}

export const names = (links: readonly { readonly queue: string }[]) => links.map(({ queue }) => queue);
export const done = { kind: 'applied', notPaused: [] };
/** A link whose queue nobody created. */
export const ghost = { link: { queue: 'ghost', connection: 'default', prefix: 'bull' } };

/** Has one task worked on by a worker that leaves again. */
export async function finishOne({ queue, work }: OwnedLink, outcome: 'completed' | 'failed'): Promise<void> {
  const job = await queue.add('row', {});
  const worker = await work(async () => {
    if (outcome === 'failed') throw new Error('refused by the target');
  });
  await waitFor(async () => (await job.getState()) === outcome);
  await worker.close();
}
