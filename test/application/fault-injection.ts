import { confirm } from '../../src/application/confirm.ts';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { Clock } from '../../src/application/ports.ts';
import { requestAction } from '../../src/application/request.ts';
import type { OperationKind } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { TestServices } from '../support/test-services.ts';

/** A context with some parts replaced. A port keeps its other methods. */
export function withDeps(
  deps: UseCaseContext,
  { links = {}, projects = {}, operations = {}, ...more }: PartialDeps,
): UseCaseContext {
  return {
    ...deps,
    ...more,
    links: { ...deps.links, ...links },
    projects: { ...deps.projects, ...projects },
    operations: { ...deps.operations, ...operations },
  };
}

export type PartialDeps = Partial<Omit<UseCaseContext, 'links' | 'projects' | 'operations'>> & {
  readonly links?: Partial<UseCaseContext['links']>;
  readonly projects?: Partial<UseCaseContext['projects']>;
  readonly operations?: Partial<UseCaseContext['operations']>;
};

/** A method before which, or after which, something else happens. */
export function runBefore<Args extends unknown[], Result>(
  method: (...args: Args) => Promise<Result>,
  effect: () => Promise<unknown>,
) {
  return async (...args: Args): Promise<Result> => {
    await effect();
    return method(...args);
  };
}

export function runAfter<Args extends unknown[], Result>(
  method: (...args: Args) => Promise<Result>,
  effect: () => Promise<unknown>,
) {
  return async (...args: Args): Promise<Result> => {
    const result = await method(...args);
    await effect();
    return result;
  };
}

/** The engine of a world that waits for a link for an instant only: nobody wants to wait in a test. */
export function withShortTimeouts({ deps: { links } }: TestServices): UseCaseContext['links'] {
  const timeoutMs = 250;
  return {
    ...links,
    readStatuses: (targets) => links.readStatuses(targets, timeoutMs),
    setPaused: (targets, desired, { validForMs }) =>
      links.setPaused(targets, desired, { responseMs: timeoutMs, validForMs }),
  };
}

/** A clock on which sleeping takes no time at all, and half a minute of its own. */
export function createJumpingClock(): Clock & { readonly sleepsMs: number[] } {
  let offsetMs = 0;
  const sleepsMs: number[] = [];
  return {
    sleepsMs,
    now: () => Date.now() + offsetMs,
    monotonicNow: () => performance.now() + offsetMs,
    async sleep(ms) {
      sleepsMs.push(ms);
      offsetMs += 30_000;
    },
  };
}

/** Asks and confirms, while the queue of actions is elsewhere: the test itself is the worker. */
export async function confirmOperation(
  services: TestServices,
  project: string,
  action: OperationKind,
  by = 'U0ALICE',
): Promise<OperationRef> {
  const request = { project, action, by, reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
  const result = await requestAction(services.deps, request);
  if (result.kind === 'refused') throw new Error(`refused: ${result.refusal.code}`);
  const ref = { project, operation: result.operation.id };
  await confirm(withoutJobs(services), { ref, by, dialog: null });
  return ref;
}

/** Deps whose jobs go nowhere: as after a crash between two steps. */
export function withoutJobs(services: TestServices): UseCaseContext {
  return {
    ...services.deps,
    jobs: { execute: async () => {}, reconcile: async () => {} },
    notifications: { operationChanged: async () => {}, alertsChanged: async () => {} },
  };
}

/** Something that happens once, the first time it is asked for. */
export function once(effect: () => Promise<unknown>): () => Promise<void> {
  let hasRun = false;
  return async () => {
    if (hasRun) return;
    hasRun = true;
    await effect();
  };
}

export async function killServer(services: TestServices, connection: string): Promise<number> {
  const server = services.server(connection);
  server.kill('SIGKILL');
  await server.exited;
  return server.port;
}
