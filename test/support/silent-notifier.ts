import type { Notifier } from '../../src/application/ports.ts';

/** A notifier that writes no message. */
export const silentNotifier: Notifier = {
  notifyOperation: async () => {},
  notifyAlerts: async () => {},
  notifyBatch: async () => {},
  notifyObservation: async () => {},
  notifyHome: async () => {},
  notifyHomes: async () => {},
  notifyDigest: async () => {},
};
