import { setTimeout as sleep } from 'node:timers/promises';
import type { webApi } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { loggedFault } from '../domain/logged-fault.ts';
import { type Asker, authorize, isUserGroup, type Policy } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Heard } from './contract.ts';

const keptMs = 5 * 60_000;
/** A refusal is checked with Slack again, but no more often than this. */
const recheckAfterMs = 10_000;
/** A person waits: what Slack does not say by then is not known. */
const answerWithinMs = 6_000;

type Lookups = Pick<webApi.WebClient, 'usergroups' | 'conversations'>;
type Who = Pick<Heard, 'user' | 'team' | 'channel'>;

/** Who may change a project from where, as Slack knows it. */
export interface Directory {
  /** Whether this person may change a project from this channel; null: yes. */
  authorizeSlack(who: Who): Promise<Refusal | null>;
  /** Whether this person is an operator, wherever they are: then masked reasons may be shown to them. */
  isOperator(who: Who): Promise<boolean>;
  /** Whether this person belongs to the workspace that installed the bot; null: yes. */
  refuseStranger(who: Pick<Heard, 'user' | 'team'>): Refusal | null;
}

export interface DirectoryOptions {
  readonly client: Lookups;
  readonly policy: Policy;
  readonly installedTeam: () => string;
  readonly now: () => number;
  readonly log: Log;
}

interface Kept<T> {
  readonly at: number;
  /** Null: Slack did not say. */
  readonly value: Promise<T | null>;
}

/** Asks Slack only what the rules need: no group when the person is named, no channel when the policy lists channels. */
export function createDirectory({ client, policy, installedTeam, now, log }: DirectoryOptions): Directory {
  const groups = new Map<string, Kept<ReadonlySet<string>>>();
  const channels = new Map<string, Kept<boolean>>();

  async function kept<T>(cache: Map<string, Kept<T>>, key: string, maxAgeMs: number, ask: () => Promise<T>) {
    const known = cache.get(key);
    if (known !== undefined && now() - known.at < maxAgeMs && (await known.value) !== null) return known.value;
    const value = inTime(ask()).catch((error: unknown) => {
      log.warn({ about: key, error: loggedFault(error) }, 'Slack did not answer who or what this is');
      return null;
    });
    if (cache.size > 1_000) cache.clear();
    cache.set(key, { at: now(), value });
    return value;
  }

  async function membership(group: string, user: string): Promise<'member' | 'stranger' | 'unknown'> {
    const ask = async () => new Set((await client.usergroups.users.list({ usergroup: group })).users ?? []);
    const members = await kept(groups, group, keptMs, ask);
    if (members === null) return 'unknown';
    if (members.has(user)) return 'member';
    const fresh = await kept(groups, group, recheckAfterMs, ask);
    return fresh === null ? 'unknown' : fresh.has(user) ? 'member' : 'stranger';
  }

  async function shared(channel: string): Promise<Asker['channelShared']> {
    if (channel.startsWith('D')) return 'no';
    const isShared = await kept(channels, channel, keptMs, async () => {
      const { channel: found } = await client.conversations.info({ channel });
      if (found === undefined) throw new Error('conversations.info told nothing');
      return found.is_ext_shared === true || (found.is_shared === true && found.is_org_shared !== true);
    });
    return isShared === null ? 'unknown' : isShared ? 'yes' : 'no';
  }

  /** The rules without the channel's: whoever passes them is an operator. */
  async function operator({ user, team, channel }: Who): Promise<{ asker: Asker; refusal: Refusal | null }> {
    const installed = installedTeam();
    const asker: Asker = { user, userTeam: team, installedTeam: installed, channel, channelShared: 'no', groups: {} };
    if (team !== installed || policy.operators.includes(user)) return { asker, refusal: judged(asker) };
    const named = policy.operators.filter(isUserGroup);
    const found = await Promise.all(named.map(async (group) => [group, await membership(group, user)] as const));
    const known = { ...asker, groups: Object.fromEntries(found) };
    return { asker: known, refusal: judged(known) };
  }

  const judged = (asker: Asker) => authorize({ ...policy, channels: [] }, asker);

  return {
    async authorizeSlack(who) {
      const { asker, refusal } = await operator(who);
      if (refusal !== null) return refusal;
      const channelShared = policy.channels.length > 0 ? 'unknown' : await shared(who.channel);
      return authorize(policy, { ...asker, channelShared });
    },
    async isOperator(who) {
      return (await operator(who)).refusal === null;
    },
    refuseStranger({ user, team }) {
      return team === installedTeam() ? null : { code: 'other_team', user };
    },
  };
}

async function inTime<T>(asked: Promise<T>): Promise<T> {
  const limit = new AbortController();
  const late = sleep(answerWithinMs, undefined, { signal: limit.signal }).then(() => {
    throw new Error(`no answer within ${answerWithinMs} ms`);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    late.catch(() => {});
    limit.abort();
  }
}
