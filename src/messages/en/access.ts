import type { Operators } from '../../domain/authorization.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { AccessFacts } from '../facts.ts';
import type { Formatter } from '../format.ts';
import { andMore, joinOr } from './format.ts';

const maxPeople = 5;
const maxChannels = 3;
const maxGroups = 2;

/** Why a person can only look, and what to do about it. One or two sentences. */
function restriction(refusal: Refusal, operators: Operators, format: Formatter): string {
  const ask = askOperators(operators, format);
  switch (refusal.code) {
    case 'not_operator':
      return `You may look, not change. ${ask}`;
    case 'no_operators':
      return 'No user can change projects yet: syncbot has no operators.';
    case 'channel_not_allowed':
      return `You may look here, not change. To change a project, use ${names(refusal.allowed.map(format.channel), maxChannels)}.`;
    case 'channel_shared':
      return 'You may look here, not change. To change a project, use a channel that is not shared with another organization.';
    case 'channel_unknown':
      return 'You may only look here: syncbot cannot read whether this channel is shared with another organization. Invite syncbot, or use another channel.';
    case 'group_unknown':
      return `You may only look now: syncbot could not read from Slack who is in the user group ${format.text(refusal.group, 30)}. ${ask}`;
    case 'policy_unreadable':
      return 'You may only look now: syncbot cannot read its stored policy.';
    default:
      return 'You may look, not change.';
  }
}

function askOperators({ people, unreadGroups }: Operators, format: Formatter): string {
  if (people.length > 0) return `Ask ${names(people.map(format.person), maxPeople)}.`;
  const groups = names(
    unreadGroups.map((group) => format.text(group, 30)),
    maxGroups,
  );
  return groups === '' ? 'Ask the administrator of syncbot.' : `Ask a member of the user group ${groups}.`;
}

/** `a`, `a or b`, `a, b or 3 more`. */
function names(all: readonly string[], max: number): string {
  const more = all.length - max;
  return joinOr(more > 0 ? [...all.slice(0, max), `${more} more`] : all);
}

/** Answers to `whoami`. */
export const access = {
  restriction,
  /** Follows the refusal of a person who is not an operator: who can do it, and how the person becomes an operator. */
  askToChange: ({ user, operators }: Pick<AccessFacts, 'user' | 'operators'>, format: Formatter) =>
    `${askOperators(operators, format)} To become an operator, ask the administrator of syncbot to add your id ${format.text(user, 30)} to policy.operators in syncbot.yml and to run syncbot apply.`,
  mayChange: 'You may start, pause and restore projects here.',
  reasons: {
    user: 'policy.operators names you',
    group: (group: string) => `you are in the user group ${group}, which policy.operators names`,
  },
  /** Who is asking, and why they are an operator, if they are. */
  identity: ({ user, operatorEntry, operators }: AccessFacts, format: Formatter) => {
    const { reasons } = access;
    const who = `You are ${format.person(user)}, with the id ${format.text(user, 30)}`;
    // A user group that Slack did not return may have the person.
    if (operatorEntry === null) return operators.unreadGroups.length === 0 ? `${who}, and not an operator.` : `${who}.`;
    const reason = operatorEntry === user ? reasons.user : reasons.group(format.text(operatorEntry, 30));
    return `${who}. You are an operator: ${reason}.`;
  },
  /** From where operators can change projects. `channels` is empty if every channel counts. */
  channels: (channels: readonly string[], format: Formatter) =>
    channels.length === 0
      ? 'Operators can change projects from every channel that is not shared with another organization.'
      : `Operators can change projects from ${names(channels.map(format.channel), 5)} only.`,
  /** The other operators. All of them for a person who is not an operator. */
  others: ({ user, operatorEntry, operators: { people, unreadGroups } }: AccessFacts, format: Formatter) => {
    const others = people.filter((person) => person !== user);
    const groups = unreadGroups.map((group) => format.text(group, 30));
    const unread = groups.length === 0 ? '' : ` syncbot could not read who is in ${names(groups, maxGroups)}.`;
    const title = operatorEntry === null ? 'Operators' : 'Other operators';
    if (others.length === 0 && groups.length > 0) return unread.trim();
    if (others.length === 0) return `There is no ${operatorEntry === null ? '' : 'other '}operator.`;
    const shown = others.slice(0, maxPeople).map(format.person).join(', ');
    const more = others.length - maxPeople;
    return `${title}: ${shown}${more > 0 ? ` ${andMore(more)}` : ''}.${unread}`;
  },
};
