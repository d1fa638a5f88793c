import type { UseCaseContext } from '../../src/application/context.ts';
import { LinksUnreachableError } from '../../src/application/errors.ts';
import { execute } from '../../src/application/execute.ts';
import type { Clock } from '../../src/application/ports.ts';
import type { OperationKind } from '../../src/domain/lifecycle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import { keys } from '../support/keys.ts';
import { silentJobs, silentNotifications } from '../support/silent-ports.ts';
import { requestAndConfirm, type TestServices } from '../support/test-services.ts';

/** A context with some parts replaced. A replaced port keeps its other methods. */
export function overrideContext(
  context: UseCaseContext,
  { links = {}, projects = {}, operations = {}, ...more }: ContextOverrides,
): UseCaseContext {
  return {
    ...context,
    ...more,
    links: { ...context.links, ...links },
    projects: { ...context.projects, ...projects },
    operations: { ...context.operations, ...operations },
  };
}

export type ContextOverrides = Partial<Omit<UseCaseContext, 'links' | 'projects' | 'operations'>> & {
  readonly links?: Partial<UseCaseContext['links']>;
  readonly projects?: Partial<UseCaseContext['projects']>;
  readonly operations?: Partial<UseCaseContext['operations']>;
};

/** A worker that does not really wait until the commands of other executions have expired: here none is sent late. */
export function withShortWaits(context: UseCaseContext): UseCaseContext {
  let skippedMs = 0;
  return {
    ...context,
    clock: {
      ...context.clock,
      monotonicNow: () => context.clock.monotonicNow() + skippedMs,
      sleep: async (ms, signal) => {
        if (ms <= 2_000) return context.clock.sleep(ms, signal);
        skippedMs += ms;
      },
    },
  };
}

/** A method that runs `effect` before each call. */
export function runBefore<Args extends unknown[], Result>(
  method: (...args: Args) => Promise<Result>,
  effect: () => Promise<unknown>,
) {
  return async (...args: Args): Promise<Result> => {
    await effect();
    return method(...args);
  };
}

/** A method that runs `effect` after each call. */
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

/** A link gateway that waits 250 ms for a link instead of seconds. */
export function withShortTimeouts({ context: { links } }: TestServices): UseCaseContext['links'] {
  const timeoutMs = 250;
  return {
    ...links,
    readStatuses: (targets) => links.readStatuses(targets, timeoutMs),
    setPaused: (targets, desired, { validForMs }) =>
      links.setPaused(targets, desired, { responseMs: timeoutMs, validForMs }),
  };
}

/** A clock that returns from `sleep` at once and is then 30 s later. */
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

/** Requests and confirms an operation without adding its job: the test executes it. */
export function requestAndConfirmWithoutJob(
  services: TestServices,
  project: string,
  action: OperationKind,
  by?: string,
): Promise<OperationRef> {
  return requestAndConfirm(withoutJobs(services), { project, action, by });
}

/** A context whose jobs and notifications are lost, as after a crash between two steps. */
export function withoutJobs(services: TestServices): UseCaseContext {
  return { ...services.context, jobs: silentJobs, notifications: silentNotifications };
}

/**
 * Executes an operation as its job does: again after each `LinksUnreachableError`. The operation is 30 s older each time.
 * Returns the number of executions.
 */
export async function executeRepeatedly(
  { redis }: TestServices,
  context: UseCaseContext,
  ref: OperationRef,
): Promise<number> {
  for (let executions = 1; ; executions++) {
    try {
      await execute(context, ref);
      return executions;
    } catch (error) {
      if (!(error instanceof LinksUnreachableError)) throw error;
    }
    await redis.hincrby(keys.operation(ref.project, ref.operation), 'startedAt', -30_000);
  }
}

/** Runs `effect` only at the first call. */
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
