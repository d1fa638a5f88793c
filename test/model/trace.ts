import type { BatchResolution } from '../../src/application/batch-store.ts';
import { StoreUnavailableError } from '../../src/application/errors.ts';
import type { ConfirmationResult } from '../../src/application/operation-store.ts';
import type { Batch } from '../../src/domain/batch.ts';
import type { OperationKind } from '../../src/domain/lifecycle.ts';
import type { Operation, OperationRef } from '../../src/domain/operation.ts';
import type { Refusal } from '../../src/domain/refusal.ts';
import type { FaultyRedisProxy } from '../support/faulty-redis-proxy.ts';
import type { ModelBot } from './bot.ts';
import type { BatchButton, Selection, WaitDecision } from './commands.ts';
import type { ModelProject, System } from './system.ts';

/** The requests and presses of a run, with their results. */
export interface Trace {
  readonly requests: RequestRecord[];
  readonly presses: PressRecord[];
  readonly cliRuns: CliRecord[];
  readonly keeps: KeepRecord[];
  readonly alertPresses: AlertPressRecord[];
  readonly batchRequests: BatchRequestRecord[];
  readonly batchPresses: BatchPressRecord[];
  readonly endChanges: EndChangeRecord[];
  readonly waitPresses: WaitPressRecord[];
  /** Dialogs without an answer. */
  readonly openConfirmations: Operation[];
  /** Errors other than those that `unknownResults` counts. There must be none. */
  readonly errors: string[];
  /** How often each fault happened. */
  readonly faults: Map<string, number>;
  /** Calls that Redis did not answer, or that the kill of a bot ended. */
  unknownResults: number;
}

/** Whether the policy allowed a person to change projects during the whole request. Null if it changed meanwhile. */
export type Permission = 'operator' | 'not_operator' | null;

export interface RequestRecord {
  readonly project: string;
  readonly action: OperationKind;
  readonly by: string;
  readonly permission: Permission;
  /** Whether a queue of the project was missing during the whole request. */
  readonly isQueueMissing: boolean;
  readonly result: { readonly kind: 'requested'; readonly operation: Operation } | Refused;
}

export interface PressRecord {
  readonly operation: Operation;
  readonly by: string;
  readonly decision: 'confirm' | 'cancel';
  readonly permission: Permission;
  readonly result: ConfirmationResult | Refused;
}

/** A press of Keep Paused. */
export interface KeepRecord {
  readonly project: string;
  readonly by: string;
  readonly permission: Permission;
  /** Null if the project was kept Paused. */
  readonly refusal: Refusal | null;
}

/** A press of I've Got It, Snooze 1 h or Take Over / Give Back. */
export interface AlertPressRecord {
  readonly project: string;
  readonly by: string;
  readonly permission: Permission;
  /** Null if it was accepted. */
  readonly refusal: Refusal | null;
}

/** A request of a batch with a dialog. */
export interface BatchRequestRecord {
  readonly batch: Batch;
  readonly by: string;
  readonly permission: Permission;
  /** What the person typed after the verb, or the button of another batch. */
  readonly from: Selection | BatchButton;
}

/** A press of OK or Cancel in the dialog of a batch. */
export interface BatchPressRecord {
  readonly batch: string;
  readonly by: string;
  readonly decision: 'confirm' | 'cancel';
  readonly permission: Permission;
  readonly result: BatchResolution | Refused;
}

/** A change of the end of a pause by a person. */
export interface EndChangeRecord {
  readonly project: string;
  readonly by: string;
  readonly kind: 'extended' | 'kept';
  readonly permission: Permission;
  /** Null if the end was changed. */
  readonly refusal: Refusal | null;
}

/** A press of Cancel or Pause Now of a pause that waits until its project has caught up. */
export interface WaitPressRecord {
  readonly ref: OperationRef;
  readonly by: string;
  readonly decision: WaitDecision;
  readonly permission: Permission;
  /** Null if the press was accepted. */
  readonly refusal: Refusal | null;
}

type Refused = { readonly kind: 'refused'; readonly refusal: Refusal };

/** One run of `start`, `pause` or `restore` on the command line. */
export interface CliRecord {
  readonly project: string;
  /** Null if the request was refused. */
  readonly operation: Operation | null;
  readonly exit: number;
  /** Null without an error. */
  readonly code: string | null;
}

export interface ModelRun {
  readonly system: System;
  readonly trace: Trace;
}

/** Runs an action and records its error in the trace. Returns undefined after an error. */
export async function recordErrors<T>(run: ModelRun, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    recordError(run, error);
    return undefined;
  }
}

export function recordError({ system, trace }: ModelRun, error: unknown): void {
  if (error instanceof StoreUnavailableError || system.isEndedByKill(error)) trace.unknownResults += 1;
  else trace.errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** Selects one of the last operations. With `preferOpen` it selects a dialog that was left open, if there is one. */
export function pickOperation(
  { trace }: ModelRun,
  { operationIndex, preferOpen }: { operationIndex: number; preferOpen: boolean },
): Operation | null {
  if (preferOpen && trace.openConfirmations.length > 0) {
    return trace.openConfirmations.splice(operationIndex % trace.openConfirmations.length, 1)[0] ?? null;
  }
  const operations = trace.requests.flatMap(({ result }) => (result.kind === 'requested' ? [result.operation] : []));
  return operations.at(-1 - (operationIndex % Math.max(1, operations.length))) ?? null;
}

/** Selects one of the last batches. Returns null before the first one. */
export function pickBatch({ trace: { batchRequests } }: ModelRun, index: number): Batch | null {
  return batchRequests.at(-1 - (index % Math.max(1, batchRequests.length)))?.batch ?? null;
}

export function botOf({ bots }: System, index: number): ModelBot {
  return bots[index % bots.length] as ModelBot;
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
