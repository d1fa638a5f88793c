import type { Deps } from '../../src/application/deps.ts';
import type { Clock } from '../../src/application/ports.ts';
import { requestAction } from '../../src/application/request.ts';
import { confirm } from '../../src/application/settle.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Deed } from '../../src/domain/project.ts';
import type { World } from '../support/world.ts';

/** Some of the deps replaced. A port keeps its other methods. */
export function withDeps(deps: Deps, { links = {}, store = {}, ...more }: PartialDeps): Deps {
  return { ...deps, ...more, links: { ...deps.links, ...links }, store: { ...deps.store, ...store } };
}

export type PartialDeps = Partial<Omit<Deps, 'links' | 'store'>> & {
  readonly links?: Partial<Deps['links']>;
  readonly store?: Partial<Deps['store']>;
};

/** A method before which, or after which, something else happens. */
export function firstDo<Asked extends unknown[], Answer>(
  method: (...asked: Asked) => Promise<Answer>,
  happen: () => Promise<unknown>,
) {
  return async (...asked: Asked): Promise<Answer> => {
    await happen();
    return method(...asked);
  };
}

export function andThen<Asked extends unknown[], Answer>(
  method: (...asked: Asked) => Promise<Answer>,
  happen: () => Promise<unknown>,
) {
  return async (...asked: Asked): Promise<Answer> => {
    const answer = await method(...asked);
    await happen();
    return answer;
  };
}

/** The engine of a world that waits for a link for an instant only: nobody wants to wait in a test. */
export function impatient({ deps: { links } }: World): Deps['links'] {
  const withinMs = 250;
  return {
    ...links,
    readFlags: (asked) => links.readFlags(asked, withinMs),
    drive: (asked, wanted, { sendMs }) => links.drive(asked, wanted, { answerMs: withinMs, sendMs }),
  };
}

/** A clock on which sleeping takes no time at all, and half a minute of its own. */
export function jumpingClock(): Clock & { readonly slept: number[] } {
  let ahead = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => Date.now() + ahead,
    elapsed: () => performance.now() + ahead,
    async sleep(ms) {
      slept.push(ms);
      ahead += 30_000;
    },
  };
}

/** Asks and confirms, while the queue of actions is elsewhere: the test itself is the worker. */
export async function confirmed(world: World, project: string, action: Deed, by = 'U0ALICE'): Promise<OperationRef> {
  const asked = { project, action, by, reason: null, origin: 'slack', channel: 'C0SYNC' } as const;
  const requested = await requestAction(world.deps, asked);
  if (requested.kind === 'refused') throw new Error(`refused: ${requested.refusal.code}`);
  const ref = { project, operation: requested.operation.id };
  await confirm(noQueue(world), { ref, by, dialog: null });
  return ref;
}

/** Deps whose jobs go nowhere: as after a crash between two steps. */
export function noQueue(world: World): Deps {
  return {
    ...world.deps,
    queue: { execute: async () => {}, converge: async () => {} },
    notifier: { tell: async () => {}, alert: async () => {} },
  };
}

/** Something that happens once, the first time it is asked for. */
export function once(happen: () => Promise<unknown>): () => Promise<void> {
  let happened = false;
  return async () => {
    if (happened) return;
    happened = true;
    await happen();
  };
}

export async function stop(world: World, connection: string): Promise<number> {
  const server = world.server(connection);
  server.kill('SIGKILL');
  await server.exited;
  return server.port;
}
