import type { messages } from '../../../src/messages/catalog.ts';
import { exampleOperation } from '../../support/example-records.ts';
import type { ExamplesOf } from './example.ts';
import { at, format, noLink } from './facts.ts';

const timeoutMs = 1_800_000;
const waitingPause = { operation: 'op1', by: 'U0ALICE', until: at('03:30') };
const waiting = exampleOperation({
  state: 'confirmed',
  waitsUntil: at('03:30'),
  waitObservation: {
    latest: { at: at('03:05'), remaining: 420, counters: null, rates: null, noWorker: noLink },
    latencyMs: 42_000,
    shown: { at: at('03:05'), latencyMs: 42_000 },
  },
});

export const catchUp: ExamplesOf<typeof messages.catchUp> = {
  willWait: [['the dialog of `pause orders when caught up`', 'orders', timeoutMs]],
  eachWaits: [['the dialog of `pause label:prod when caught up`', timeoutMs]],
  isToBePaused: [['the message during the wait', 'orders']],
  latency: [['the message during the wait', waiting, format]],
  latest: [['the message during the wait', at('03:30'), format]],
  listed: [['a list', waitingPause, format]],
  waits: [['the details of a project', waitingPause, format]],
  ended: [
    ['the project had caught up', { waitEndedAt: at('03:09'), waitEndedBy: null }, format],
    ['**Pause Now**', { waitEndedAt: at('03:09'), waitEndedBy: 'U0BOB' }, format],
  ],
  catchingUp: [
    ['the message of several projects', { projects: 4, until: at('03:30') }, format],
    ['the last one of them', { projects: 1, until: at('03:30') }, format],
  ],
  cancelled: [['after `syncbot cancel orders`', 'orders']],
  noneWaits: [['the same again', 'orders']],
  operationState: [['the last operations of a project', waiting]],
};
