import type { UseCaseContext } from '../../src/application/context.ts';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import type { RequestResult } from '../../src/application/request-action.ts';
import type { ConfirmationResult } from '../../src/application/stores.ts';
import type { Action } from '../../src/domain/lifecycle.ts';
import type { Operation } from '../../src/domain/operation.ts';
import type { FaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import type { ModelProject, System } from './system.ts';

/** The requests and presses of a run, with their results. */
export interface Trace {
  readonly requests: RequestRecord[];
  readonly presses: PressRecord[];
  /** Dialogs without an answer. */
  readonly openConfirmations: Operation[];
  /** Errors other than `StoreUnavailableError`. There must be none. */
  readonly errors: string[];
  /** How often each fault happened. */
  readonly faults: Map<string, number>;
  /** Calls that Redis did not answer. */
  unknownResults: number;
}

export interface RequestRecord {
  readonly project: string;
  readonly action: Action;
  readonly by: string;
  readonly result: RequestResult;
}

export interface PressRecord {
  readonly operation: Operation;
  readonly by: string;
  readonly decision: 'confirm' | 'cancel';
  readonly result: ConfirmationResult;
}

export interface ModelRun {
  readonly system: System;
  readonly trace: Trace;
}

/** Runs an action and records its error in the trace. Returns undefined after an error. */
export async function recordErrors<T>({ trace }: ModelRun, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof StoreUnavailableError) trace.unknownResults += 1;
    else trace.errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return undefined;
  }
}

/** Selects one of the last operations. With `preferOpen` it selects a dialog that was left open, if there is one. */
export function pickOperation(
  { trace }: ModelRun,
  { operationIndex, preferOpen }: { operationIndex: number; preferOpen: boolean },
): Operation | null {
  if (preferOpen && trace.openConfirmations.length > 0) {
    return trace.openConfirmations.splice(operationIndex % trace.openConfirmations.length, 1)[0] ?? null;
  }
  const operations = trace.requests.map(({ result }) => result).filter((result) => result.kind === 'requested');
  return operations.at(-1 - (operationIndex % Math.max(1, operations.length)))?.operation ?? null;
}

export function botOf({ bots }: System, index: number): UseCaseContext {
  return bots[index % bots.length] as UseCaseContext;
}

export function projectOf({ projects }: System, index: number): ModelProject {
  return projects[index % projects.length] as ModelProject;
}

export function linkOf(system: System, { project, link }: { readonly project: number; readonly link: number }) {
  const { links } = projectOf(system, project);
  return links[link % links.length] as ModelProject['links'][number];
}

export function proxyOf({ proxies }: System, index: number): FaultyRedisProxy {
  return proxies[index % 2 === 0 ? 0 : 1];
}
