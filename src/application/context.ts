import type { Clock, IdGenerator, JobQueue, LinkGateway, NotificationQueue } from './ports.ts';
import type { ProjectStore } from './store.ts';

/** What every use case is given. `services.ts` builds it; tests build it with what they want to differ. */
export interface UseCaseContext {
  readonly store: ProjectStore;
  readonly links: LinkGateway;
  readonly jobs: JobQueue;
  readonly notifications: NotificationQueue;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly log: Logger;
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
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
