import type { Refusal } from './refusal.ts';

/** Who may change what: `policy` of syncbot.yml. Users begin with U or W, user groups with S. */
export interface Policy {
  readonly operators: readonly string[];
  /** Channels where changing commands are accepted; empty: anywhere but externally shared channels. */
  readonly channels: readonly string[];
}

/** What is known of the person and the place at the moment of asking. */
export interface Requester {
  readonly user: string;
  /** The team that the person belongs to, as Slack says. */
  readonly userTeam: string | null;
  readonly installedTeam: string;
  readonly channel: string;
  /** `unknown`: Slack did not say, for instance since the bot is not in a private channel. */
  readonly channelShared: 'yes' | 'no' | 'unknown';
  /** For each user group of the policy: whether the person is in it; `unknown` when Slack did not say. */
  readonly groups: Readonly<Record<string, 'member' | 'not_member' | 'unknown'>>;
}

type Rule = (policy: Policy, requester: Requester) => Refusal | null;

const sameTeam: Rule = (_policy, { user, userTeam, installedTeam }) =>
  userTeam === installedTeam ? null : { code: 'other_team', user };

const operatorsConfigured: Rule = (policy, { user }) =>
  policy.operators.length > 0 ? null : { code: 'no_operators', user };

const isOperator: Rule = (policy, { user, groups }) => {
  if (policy.operators.includes(user)) return null;
  const groupsOfPolicy = policy.operators.filter(isUserGroup);
  if (groupsOfPolicy.some((group) => groups[group] === 'member')) return null;
  const unknown = groupsOfPolicy.find((group) => groups[group] !== 'not_member');
  return unknown === undefined ? { code: 'not_operator', user } : { code: 'group_unknown', user, group: unknown };
};

const channelAllowed: Rule = (policy, { channel, channelShared }) => {
  if (policy.channels.length > 0) {
    return policy.channels.includes(channel)
      ? null
      : { code: 'channel_not_allowed', channel, allowed: [...policy.channels] };
  }
  if (channelShared === 'no') return null;
  return { code: channelShared === 'yes' ? 'channel_shared' : 'channel_unknown', channel };
};

/** In this order: the first that refuses speaks. */
const rules: readonly Rule[] = [sameTeam, operatorsConfigured, isOperator, channelAllowed];

/** Whether this person may change a project from this place now; null: yes. Unknown always means no. */
export function authorize(policy: Policy, requester: Requester): Refusal | null {
  for (const rule of rules) {
    const refusal = rule(policy, requester);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Whether a name in `operators` is a user group: Slack's ids of those begin with S. */
export function isUserGroup(operator: string): boolean {
  return operator.startsWith('S');
}
