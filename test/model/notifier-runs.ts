import { RetryLaterError } from '../../src/application/errors.ts';
import type { Notifier } from '../../src/application/ports.ts';

/**
 * The runs of the notifiers of all bots. A notifier posts a message, then records where it is. A run that does not get that far
 * may leave a message of which no record knows, and the next run posts another one.
 */
export interface NotifierRuns {
  /** `end`: the bot is killed, and its runs with it. */
  watch(notifier: Notifier): { readonly notifier: Notifier; readonly end: () => void };
  /** How many runs about this subject were interrupted: killed, ended by a Redis that did not answer, or taken over. */
  interruptions(subject: NotifierSubject): number;
}

/** The id of an operation, or what the run posts. */
export type NotifierSubject = `operation ${string}` | 'batches' | 'alerts' | 'digest' | 'observation';

/** `lockDurationMs`: after this time another bot may take over a run that is under way. */
export function createNotifierRuns(lockDurationMs: number): NotifierRuns {
  const counts = new Map<NotifierSubject, number>();
  const interrupt = (subject: NotifierSubject) => counts.set(subject, (counts.get(subject) ?? 0) + 1);
  return {
    interruptions: (subject) => counts.get(subject) ?? 0,
    watch(notifier) {
      const underWay = new Set<{ readonly subject: NotifierSubject }>();
      const run = async (subject: NotifierSubject, notify: () => Promise<void>) => {
        const entry = { subject };
        const startedAt = performance.now();
        underWay.add(entry);
        const end = (isInterrupted: boolean) => {
          if (underWay.delete(entry) && isInterrupted) interrupt(subject);
        };
        try {
          await notify();
          end(performance.now() - startedAt > lockDurationMs);
        } catch (error) {
          end(!(error instanceof RetryLaterError) || performance.now() - startedAt > lockDurationMs);
          throw error;
        }
      };
      return {
        notifier: {
          ...notifier,
          notifyOperation: (ref) => run(`operation ${ref.operation}`, () => notifier.notifyOperation(ref)),
          notifyBatch: (id) => run('batches', () => notifier.notifyBatch(id)),
          notifyAlerts: (channel) => run('alerts', () => notifier.notifyAlerts(channel)),
          notifyDigest: (channel) => run('digest', () => notifier.notifyDigest(channel)),
          notifyObservation: () => run('observation', () => notifier.notifyObservation()),
        },
        end() {
          for (const { subject } of underWay) interrupt(subject);
          underWay.clear();
        },
      };
    },
  };
}
