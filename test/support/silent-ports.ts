import type { JobQueue, NotificationQueue, Notifier } from '../../src/application/ports.ts';

/** Its jobs are lost, as after a crash before they are added. */
export const silentJobs: JobQueue = {
  execute: async () => {},
  executeAll: async () => {},
  removeExecute: async () => {},
  reconcile: async () => {},
  continueBatch: async () => {},
  batchOperationEnded: async () => {},
  batchOperationChanged: async () => {},
};

/** Its notifications are lost. */
export const silentNotifications: NotificationQueue = {
  operationChanged: async () => {},
  batchChanged: async () => {},
  alertsChanged: async () => {},
  alertsDueIn: async () => {},
  observationChanged: async () => {},
  homeOpened: async () => {},
  homesChanged: async () => {},
  homesDueIn: async () => {},
  digestDue: async () => {},
  auditDue: async () => {},
};

/** Writes no message. */
export const silentNotifier: Notifier = {
  notifyOperation: async () => {},
  notifyAlerts: async () => {},
  notifyBatch: async () => {},
  notifyObservation: async () => {},
  notifyHome: async () => {},
  notifyHomes: async () => {},
  notifyDigest: async () => {},
};
