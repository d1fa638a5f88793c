import type { Deps } from '../../src/application/deps.ts';
import { StoreUnavailable } from '../../src/application/faults.ts';
import type { Settled } from '../../src/application/operation-store.ts';
import type { Requested } from '../../src/application/request.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { Action } from '../../src/domain/project.ts';
import type { CuttingProxy } from '../support/cutting-proxy.ts';
import type { ModelProject, System } from './system.ts';

/** What people asked and what they were answered. `unknown`: Redis did not answer. */
export interface Observed {
  readonly asked: AskedOnce[];
  readonly pressed: PressedOnce[];
  /** Dialogs that nobody has answered yet. */
  readonly leftOpen: Operation[];
  /** Exceptions that are no outage: there should be none. */
  readonly faults: string[];
  unknown: number;
}

export interface AskedOnce {
  readonly project: string;
  readonly action: Action;
  readonly by: string;
  readonly answer: Requested;
}

export interface PressedOnce {
  readonly operation: Operation;
  readonly by: string;
  readonly settlement: 'confirm' | 'cancel';
  readonly answer: Settled;
}

export interface Story {
  readonly system: System;
  readonly observed: Observed;
}

/** Lets something go wrong; what is no outage stands in `observed.faults`. */
export async function attempt<T>({ observed }: Story, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof StoreUnavailable) observed.unknown += 1;
    else observed.faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return undefined;
  }
}

/** One of the last operations; of those that were left open, when there is one and `left` says so. */
export function oldOperation({ observed }: Story, { old, left }: { old: number; left: boolean }): Operation | null {
  if (left && observed.leftOpen.length > 0) {
    return observed.leftOpen.splice(old % observed.leftOpen.length, 1)[0] ?? null;
  }
  const found = observed.asked.map(({ answer }) => answer).filter((answer) => answer.kind === 'requested');
  return found.at(-1 - (old % Math.max(1, found.length)))?.operation ?? null;
}

export function botOf({ bots }: System, index: number): Deps {
  return bots[index % bots.length] as Deps;
}

export function projectOf({ projects }: System, index: number): ModelProject {
  return projects[index % projects.length] as ModelProject;
}

export function linkOf(system: System, { project, link }: { readonly project: number; readonly link: number }) {
  const { links } = projectOf(system, project);
  return links[link % links.length] as ModelProject['links'][number];
}

export function proxyOf({ proxies }: System, index: number): CuttingProxy {
  return proxies[index % 2 === 0 ? 0 : 1];
}
