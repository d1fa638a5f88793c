import type { messages } from '../../../src/messages/catalog.ts';
import type { ExamplesOf } from './example.ts';
import { format } from './facts.ts';

const operators = { people: ['U0ALICE', 'U0BOB'], unreadGroups: [] };
const unread = { people: [], unreadGroups: ['S0OPS'] };

export const access: ExamplesOf<typeof messages.access> = {
  restriction: [
    ['a person who may only look', { code: 'not_operator', user: 'U0CAROL' }, operators, format],
    ['operators that Slack does not name', { code: 'not_operator', user: 'U0CAROL' }, unread, format],
    ['no operator is configured', { code: 'no_operators', user: 'U0CAROL' }, operators, format],
    ['another channel', { code: 'channel_not_allowed', channel: 'C0SYNC', allowed: ['C0OPS'] }, operators, format],
    ['a shared channel', { code: 'channel_shared', channel: 'C0SYNC' }, operators, format],
    ['a private channel without syncbot', { code: 'channel_unknown', channel: 'C0SYNC' }, operators, format],
    [
      'Slack does not return a user group',
      { code: 'group_unknown', user: 'U0CAROL', group: 'S0OPS' },
      operators,
      format,
    ],
    ['a newer syncbot stored the policy', { code: 'policy_unreadable' }, operators, format],
  ],
  askToChange: [['follows the refusal of a person who may only look', { user: 'U0CAROL', operators }, format]],
  reasons: { group: [['why a person is an operator', 'S0OPS']] },
  identity: [
    ['an operator', { user: 'U0ALICE', operatorEntry: 'U0ALICE', operators }, format],
    ['another person', { user: 'U0CAROL', operatorEntry: null, operators }, format],
  ],
  channels: [
    ['no channels are configured', [], format],
    ['some are', ['C0SYNC', 'C0OPS'], format],
  ],
  others: [
    ['an operator asks', { user: 'U0ALICE', operatorEntry: 'U0ALICE', operators }, format],
    ['another person asks', { user: 'U0CAROL', operatorEntry: null, operators }, format],
    ['a user group cannot be read', { user: 'U0CAROL', operatorEntry: null, operators: unread }, format],
    [
      'there is no other one',
      { user: 'U0ALICE', operatorEntry: 'U0ALICE', operators: { people: ['U0ALICE'], unreadGroups: [] } },
      format,
    ],
  ],
};

export const help: ExamplesOf<typeof messages.help> = {
  listHint: [['below the intro', format]],
  reading: [['everybody', format]],
  changing: [['people who may change projects', format]],
  confirmation: [['people who may change projects', format]],
  severalProjects: [['people who may change projects', format]],
};
