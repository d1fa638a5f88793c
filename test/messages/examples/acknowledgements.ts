import type { Acknowledgement } from '../../../src/domain/acknowledgement.ts';
import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';
import { at, format } from './facts.ts';

const owned: Acknowledgement = { kind: 'owned', by: 'U0ALICE', at: at('03:02'), until: at('03:32') };
const takenOver: Acknowledgement = { kind: 'owned', by: 'U0BOB', at: at('03:20'), until: at('03:50'), from: 'U0ALICE' };
const givenBack: Acknowledgement = { ...owned, until: at('03:20'), isGivenBack: true };
const snoozed: Acknowledgement = { ...owned, kind: 'snoozed', until: at('04:02') };
const before = { format, now: at('03:10') };
const after = { format, now: at('04:10') };

export const acknowledgements: ExamplesOf<typeof messages.acknowledgements> = {
  line: [
    ["I've Got It", owned, before],
    ['Take Over / Give Back, by another person', takenOver, before],
    ['Take Over / Give Back, by the person who had it', givenBack, after],
    ["30 min after I've Got It", owned, after],
    ['Snooze 1 h', snoozed, before],
    ['1 h later', snoozed, after],
  ],
  ofSome: [['a message about several projects', 2, 5, '@alice is on it since 03:02. No repeats before 03:32.']],
  short: [
    ["after I've Got It, in a list", owned, before],
    ['after Snooze 1 h, in a list', snoozed, before],
  ],
  ended: [
    ["30 min after I've Got It", owned, format],
    ['Take Over / Give Back, by the person who had it', givenBack, format],
    ['1 h after Snooze 1 h', snoozed, format],
  ],
};
