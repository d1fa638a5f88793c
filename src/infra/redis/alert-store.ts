import type { AlertStore } from '../../application/stores.ts';
import { type Alert, alertSchema } from '../../domain/alert.ts';
import { defineStep, noReply, type StepRunner, writeReply } from './steps.ts';

const saveAlertStep = defineStep('save-alert', writeReply);
const keepPausedStep = defineStep('keep-paused', writeReply);
const markAlertNotifiedStep = defineStep('mark-alert-notified', noReply);

export function createAlertStore(runStep: StepRunner): AlertStore {
  return {
    save: (id, expectedVersion, { kind, before, after, event }) =>
      runStep(saveAlertStep, {
        project: id,
        expectedVersion,
        kind,
        before: before === null ? null : serializeAlert(before),
        after: serializeAlert(after),
        event,
      }),
    keepPaused: (id, expectedVersion, { keptPaused, before, after }) =>
      runStep(keepPausedStep, {
        project: id,
        expectedVersion,
        by: keptPaused.by,
        keptPaused: JSON.stringify(keptPaused),
        before: serializeAlert(before),
        after: serializeAlert(after),
      }),
    async markNotified(id, kind, delivered, isNew) {
      await runStep(markAlertNotifiedStep, { project: id, kind, delivered: JSON.stringify(delivered), isNew });
    },
  };
}

/** Always writes the fields in the same order, because the script compares texts. */
function serializeAlert(alert: Alert): string {
  return JSON.stringify(alertSchema.parse(alert));
}
