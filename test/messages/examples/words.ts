import { toProjectStats } from '../../../src/domain/observation.ts';
import { messages } from '../../../src/messages/catalog.ts';
import { exampleLinkStats, exampleProjectStats } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { format } from './facts.ts';

const unknownStats = { ...exampleProjectStats, backlog: null, latencyMs: null, inFlight: null };

export const buttons: ExamplesOf<typeof messages.buttons> = {
  onProject: [['a button names its project', messages.buttons.show, 'orders']],
  restoreWithout: [
    ['one task failed again', 1],
    ['several tasks failed again', 2],
  ],
  since: [['a suggested history', messages.buttons.history, '2h']],
  accessibilityLabels: {
    ok: [['a screen reader reads OK', 'Pause orders']],
    onProject: [['a screen reader reads the button of a project', messages.buttons.show, 'orders']],
    pauseEnd: {
      extend: [['a screen reader reads **Extend 1 h**', 'orders']],
      keepPaused: [['a screen reader reads **Keep Paused** before the end of a pause', 'orders']],
    },
    wait: {
      now: [['a screen reader reads **Pause Now**', 'orders']],
      cancel: [['a screen reader reads **Cancel** during the wait', 'orders']],
    },
    retryAll: [['a screen reader reads **Retry All**', 'orders']],
    retryTask: [['a screen reader reads **Retry**', '7 on orders-full']],
    page: [['a screen reader reads a button that turns the page', messages.buttons.next]],
  },
};

const withFailures = toProjectStats([exampleLinkStats('orders-full', { failuresAfterWatermark: 7 })], 0);

export const words: ExamplesOf<Pick<typeof messages, 'stateClause' | 'format'>> = {
  stateClause: [['the state of a project in a sentence', 'orders', 'paused']],
  format: {
    number: [['a number', 12_400]],
    duration: [
      ['a short duration', 12_000],
      ['a longer one', 2 * 3_600_000 + 600_000],
    ],
    ago: [['a live answer', 300_000]],
    more: [['below a list that is cut', 9]],
    linkCount: [['how many links', 10]],
    backlog: [
      ['the backlog', exampleProjectStats],
      ['a link does not answer', unknownStats],
    ],
    latency: [
      ['the latency', exampleProjectStats],
      ['a link does not answer', unknownStats],
    ],
    waitForRestore: [
      ['failed tasks of a Failed project', 'failed', withFailures],
      ['the project runs', 'running', withFailures],
    ],
    inFlight: [
      ['the tasks that workers process', exampleProjectStats],
      ['a link does not answer', unknownStats],
    ],
    reason: [['the reason that a person gave', 'we deploy', format]],
    failureReason: [
      ['the masked reason of a failed task', 'connection refused', format, 400],
      ['the task gave no reason', '', format, 400],
    ],
  },
};
