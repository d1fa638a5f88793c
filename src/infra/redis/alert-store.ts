import type { AlertStore } from '../../application/stores.ts';
import { type Alert, alertSchema } from '../../domain/alert.ts';
import { markAlertNotifiedScript, saveAlertScript } from './alert-scripts.ts';
import { type StepRunner, toWriteResult } from './scripts.ts';

export function createAlertStore(runStep: StepRunner): AlertStore {
  return {
    async save(id, expectedVersion, { kind, before, after, event }) {
      const args = [
        expectedVersion,
        kind,
        before === null ? '' : serializeAlert(before),
        serializeAlert(after),
        event ?? '',
      ];
      return toWriteResult(await runStep(id, saveAlertScript, args));
    },
    async markNotified(id, kind, delivered, isNew) {
      await runStep(id, markAlertNotifiedScript, [kind, JSON.stringify(delivered), isNew ? '1' : '0']);
    },
  };
}

/** Always with the fields in the same order: the script compares texts. */
function serializeAlert(alert: Alert): string {
  return JSON.stringify(alertSchema.parse(alert));
}
