import type { Notifier } from '../../application/ports.ts';
import { type AlertNotifierOptions, notifyAlerts } from './alert-notifier.ts';
import { notifyObservation, type ObservationNotifierOptions } from './observation-notifier.ts';
import { createOperationNotifier, type OperationNotifierOptions } from './operation-notifier.ts';

export type NotifierOptions = OperationNotifierOptions & AlertNotifierOptions & ObservationNotifierOptions;

/** The only writer of outcome and alert messages in Slack. */
export function createNotifier(options: NotifierOptions): Notifier {
  return {
    notifyOperation: createOperationNotifier(options),
    notifyAlerts: (id) => notifyAlerts(options, id),
    notifyObservation: () => notifyObservation(options),
  };
}
