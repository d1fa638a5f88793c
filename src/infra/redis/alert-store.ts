import type { AlertStore } from '../../application/alert-store.ts';
import type { ProjectIndex } from './project-index.ts';
import { serializeAlert } from './records.ts';
import { defineStep, noReply, type StepRunner, writeReply } from './steps.ts';

const saveAlertStep = defineStep('save-alert', writeReply);
const keepPausedStep = defineStep('keep-paused', writeReply);
const acknowledgeAlertStep = defineStep('acknowledge-alert', writeReply);
const markAlertNotifiedStep = defineStep('mark-alert-notified', noReply);

export interface AlertStoreOptions {
  readonly runStep: StepRunner;
  readonly index: Pick<ProjectIndex, 'refresh'>;
}

export function createAlertStore({ runStep, index }: AlertStoreOptions): AlertStore {
  return {
    async save(id, expectedVersion, { kind, before, after, event }) {
      const result = await runStep(saveAlertStep, {
        project: id,
        expectedVersion,
        kind,
        before: before === null ? null : serializeAlert(before),
        after: serializeAlert(after),
        event,
      });
      // The event says that the alert begins or ends to fire.
      if (result.kind === 'written' && event !== null) await index.refresh(id);
      return result;
    },
    async keepPaused(id, expectedVersion, { keptPaused, before, after }) {
      const result = await runStep(keepPausedStep, {
        project: id,
        expectedVersion,
        by: keptPaused.by,
        keptPaused: JSON.stringify(keptPaused),
        before: serializeAlert(before),
        after: serializeAlert(after),
      });
      if (result.kind === 'written') await index.refresh(id);
      return result;
    },
    acknowledge: (id, { before, after, ...change }) =>
      runStep(acknowledgeAlertStep, {
        project: id,
        ...change,
        before: serializeAlert(before),
        after: serializeAlert(after),
      }),
    async markNotified(id, kind, delivered) {
      const { message } = delivered;
      const args = { project: id, kind, delivered: JSON.stringify(delivered), message: message?.ts ?? null };
      await runStep(markAlertNotifiedStep, args);
    },
  };
}
