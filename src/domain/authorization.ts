import { z } from 'zod';
import type { Refusal } from './refusal.ts';

/** `policy` of syncbot.yml. */
export const policySchema = z.object({
  /** Ids of users (U…, W…) and of user groups (S…). */
  operators: z.array(z.string()).readonly(),
  /** Channels where changing commands are accepted. When empty: every channel that is not shared with another organization. */
  channels: z.array(z.string()).readonly(),
});
export type Policy = Readonly<z.infer<typeof policySchema>>;

/** No person may change a project. */
export const emptyPolicy: Policy = { operators: [], channels: [] };

/** The person who sends the request. */
export interface Person {
  readonly user: string;
  /** The person's team. */
  readonly userTeam: string | null;
  readonly installedTeam: string;
  /** For each user group of the policy: whether the person is in it. `unknown` when the bot could not read it from Slack. */
  readonly groups: Readonly<Record<string, 'member' | 'not_member' | 'unknown'>>;
}

/** The person who sends the request, and the channel. */
export interface Requester extends Person {
  /** Null in the Home tab. */
  readonly channel: string | null;
  /** Whether the channel is shared with another organization. `unknown` when the bot could not read it from Slack. */
  readonly channelShared: 'yes' | 'no' | 'unknown';
}

/** What a person may do from a channel. */
export interface Access {
  /** Why they may not change projects. Null if they may. */
  readonly refusal: Refusal | null;
  /** The entry of `operators` that makes them an operator. Null if they are none, or if that is not known. */
  readonly operatorEntry: string | null;
  /** `channels` of the policy. */
  readonly channels: readonly string[];
}

/** The people who are operators. */
export interface Operators {
  /** Ids of users, those whom the policy names first. */
  readonly people: readonly string[];
  /** The user groups of the policy whose members the bot could not read from Slack. */
  readonly unreadGroups: readonly string[];
}

export const noOperators: Operators = { people: [], unreadGroups: [] };

type Rule<Subject> = (policy: Policy, subject: Subject) => Refusal | null;

const sameTeam: Rule<Person> = (_policy, { user, userTeam, installedTeam }) =>
  userTeam === installedTeam ? null : { code: 'other_team', user };

const operatorsConfigured: Rule<Person> = (policy, { user }) =>
  policy.operators.length > 0 ? null : { code: 'no_operators', user };

const isOperator: Rule<Person> = (policy, person) => {
  if (operatorEntry(policy, person) !== null) return null;
  const { user, groups } = person;
  const groupsOfPolicy = policy.operators.filter(isUserGroup);
  const unknown = groupsOfPolicy.find((group) => groups[group] !== 'not_member');
  return unknown === undefined ? { code: 'not_operator', user } : { code: 'group_unknown', user, group: unknown };
};

const channelAllowed: Rule<Requester> = (policy, { channel, channelShared }) => {
  if (policy.channels.length > 0) {
    return channel !== null && policy.channels.includes(channel)
      ? null
      : { code: 'channel_not_allowed', channel, allowed: [...policy.channels] };
  }
  if (channel === null || channelShared === 'no') return null;
  return { code: channelShared === 'yes' ? 'channel_shared' : 'channel_unknown', channel };
};

/** Returns the refusal, or null when this person may change projects from this channel. Refuses `unknown`. */
export function authorize(policy: Policy, requester: Requester): Refusal | null {
  return authorizePerson(policy, requester) ?? channelAllowed(policy, requester);
}

/** Returns the refusal, or null when this person is an operator, in any channel. Refuses `unknown`. */
export function authorizePerson(policy: Policy, person: Person): Refusal | null {
  return sameTeam(policy, person) ?? operatorsConfigured(policy, person) ?? isOperator(policy, person);
}

/** Returns the entry of `operators` that makes this person an operator: their own id, or that of a user group. Or null. */
export function operatorEntry({ operators }: Policy, { user, groups }: Person): string | null {
  if (operators.includes(user)) return user;
  return operators.find((operator) => isUserGroup(operator) && groups[operator] === 'member') ?? null;
}

/** Whether an id in `operators` is that of a user group. Slack's ids of user groups begin with S. */
export function isUserGroup(operator: string): boolean {
  return operator.startsWith('S');
}
