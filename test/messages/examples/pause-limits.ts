import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';
import { at, format } from './facts.ts';

const until = {
  at: at('05:00'),
  by: 'U0ALICE',
  setAt: at('03:00'),
  operation: 'op1',
  version: 4,
  attempts: 0,
  nextAttemptAt: at('05:00'),
  code: null,
  stopped: null,
};

export const pauseLimits: ExamplesOf<typeof messages.pauseLimits> = {
  problem: [
    [
      'in a refusal',
      {
        code: 'invalid_limit',
        project: 'orders',
        verb: 'pause',
        word: 'until',
        text: 'today 02:00',
        problem: 'past',
        timeZone: 'Europe/Berlin',
      },
      format,
    ],
  ],
  zone: [['how a time was read', 'Europe/Berlin']],
  willEnd: [
    [
      'in the dialog of Pause',
      { at: at('05:00'), timeZone: 'Europe/Berlin', source: 'person' },
      { project: 'orders', pauseMaxMs: null, now: at('03:00'), format },
    ],
    [
      '`pause orders when caught up for 2h`',
      { at: at('05:00'), timeZone: null, source: 'person', durationMs: 7_200_000 },
      { project: 'orders', pauseMaxMs: null, now: at('03:00'), format },
    ],
    [
      'a pause without a limit, and the project has pauseMax',
      { at: at('05:00'), timeZone: null, source: 'pauseMax' },
      { project: 'orders', pauseMaxMs: 7_200_000, now: at('03:00'), format },
    ],
  ],
  until: [['after the state, in a list and in Home', at('05:00'), format]],
  ends: [
    ['in the details of a Paused project', until, format],
    ['the project was changed after the pause', { ...until, stopped: { at: at('05:00'), change: null } }, format],
  ],
  extended: [['`/sync extend orders 1h` and on the command line', 'orders', at('05:00'), format]],
  kept: [
    ['after `syncbot keep-paused orders`', 'orders', null, format],
    ['the same, and the project has `pauseMax`', 'orders', at('05:00'), format],
  ],
  timer: [['who ended a pause', { by: 'U0ALICE', setAt: at('03:00') }, format]],
};
