import type { ActionQueue, Clock, Ids, LinkEngine, Notifier } from './ports.ts';
import type { ProjectStore } from './store.ts';

/** What every use case is given. `core.ts` builds it; tests build it with what they want to differ. */
export interface Deps {
  readonly store: ProjectStore;
  readonly links: LinkEngine;
  readonly queue: ActionQueue;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly settings: Settings;
  /** Aborted when this process is to end: work under way stops at the next step, and another worker carries on. */
  readonly stopping: AbortSignal;
}

/** From `settings` of syncbot.yml. */
export interface Settings {
  /** How long a dialog may be answered, ms. */
  readonly confirmationTtlMs: number;
}

/** The part of pino's logger that the use cases need: a constant sentence with fields. */
export interface Log {
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}
