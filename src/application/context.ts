import type { Waves } from '../domain/batch.ts';
import type { Digest } from '../domain/digest.ts';
import type { Clock, IdGenerator, JobQueue, LinkGateway, NotificationQueue } from './ports.ts';
import type { Stores } from './stores.ts';

/** The ports and settings that the use cases depend on. `services.ts` creates it; tests replace parts of it. */
export interface UseCaseContext extends Stores {
  readonly links: LinkGateway;
  readonly jobs: JobQueue;
  readonly notifications: NotificationQueue;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly log: Logger;
  readonly settings: Settings;
  /** Aborted when this process stops. Use cases then stop at their next step, and another worker continues them. */
  readonly stopSignal: AbortSignal;
}

/** From `settings` and `digest` in syncbot.yml. */
export interface Settings {
  /** How long a dialog accepts an answer, ms. */
  readonly confirmationTtlMs: number;
  /** How often the observer observes the links, ms. */
  readonly observeEveryMs: number;
  /** After how long people are reminded of a pause, ms. 0 for never. */
  readonly pausedReminderMs: number;
  /** How long a new group of alerts waits for more of them, ms. */
  readonly alertGroupWaitMs: number;
  /** How long after its last alert a group accepts another one, ms. */
  readonly alertGroupIntervalMs: number;
  /** The channels whose alerts and outcomes have no buttons. */
  readonly channelsWithoutButtons: readonly string[];
  /** How a restore of several projects goes on. Null if it restores all at once. */
  readonly waves: Waves | null;
  /** The messages with the state of all projects. */
  readonly digests: readonly Digest[];
}

/** The part of pino's logger that syncbot uses. `message` is a constant sentence; what varies is in `fields`. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
