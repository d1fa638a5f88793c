import type { Clock, IdGenerator, JobQueue, LinkGateway, NotificationQueue } from './ports.ts';
import type { Stores } from './stores.ts';

/** What every use case is given. `services.ts` builds it; a test builds it with parts replaced. */
export interface UseCaseContext extends Stores {
  readonly links: LinkGateway;
  readonly jobs: JobQueue;
  readonly notifications: NotificationQueue;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly log: Logger;
  readonly settings: Settings;
  /** Aborted when this process stops. Work under way stops at its next step, and another worker continues it. */
  readonly stopSignal: AbortSignal;
}

/** From `settings` of syncbot.yml. */
export interface Settings {
  /** How long a dialog can be answered, ms. */
  readonly confirmationTtlMs: number;
}

/** The part of pino's logger that syncbot uses: fields and a constant message. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
