import type { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { ConfigurationUnreadableError } from '../application/errors.ts';
import {
  type Access,
  authorize,
  authorizePerson,
  isUserGroup,
  noOperators,
  type Operators,
  operatorEntry,
  type Person,
  type Policy,
  type Requester,
} from '../domain/authorization.ts';
import type { Refusal } from '../domain/refusal.ts';
import { withTimeout } from '../lib/async.ts';
import { serializeError } from '../logging/serialize-error.ts';
import type { SlackRequest } from './requests.ts';

const cacheTtlMs = 5 * 60_000;
/** A refusal because of user groups is based on an answer of Slack that is at most this old. */
const denialRecheckMs = 10_000;
/** A person waits. After this time the answer counts as unknown. */
const lookupTimeoutMs = 6_000;

type LookupClient = Pick<webApi.WebClient, 'usergroups' | 'conversations'>;
export type RequestIdentity = Pick<SlackRequest, 'user' | 'team' | 'channel'>;

/** Decides who may change a project, and from which channel. */
export interface Authorizer {
  /** Returns the refusal, or null when this person may change a project from this channel. */
  authorizeRequest(identity: RequestIdentity): Promise<Refusal | null>;
  /** What this person may do from this channel, and why. The same decision as `authorizeRequest`. */
  readAccess(identity: RequestIdentity): Promise<Access>;
  /** The operators whom the policy names, and the members of its user groups. */
  listOperators(): Promise<Operators>;
  /** Whether this person is an operator, in any channel. Operators may read masked reasons. */
  isOperator(identity: RequestIdentity): Promise<boolean>;
  /** Returns the refusal, or null when this person belongs to the workspace that installed the bot. */
  checkTeam(identity: Pick<SlackRequest, 'user' | 'team'>): Refusal | null;
}

export interface AuthorizerOptions {
  readonly client: LookupClient;
  /** Called for each decision, so that a removed operator is refused at once. May throw `ConfigurationUnreadableError`. */
  readonly readPolicy: () => Promise<Policy>;
  readonly installedTeam: () => string;
  /** Ms of a clock that never goes back. */
  readonly monotonicNow: () => number;
  readonly log: Logger;
}

interface CacheEntry<T> {
  /** Ms of the monotonic clock. */
  readonly fetchedAt: number;
  /** Null when Slack did not answer. */
  readonly value: Promise<T | null>;
}

type PolicyReading = { readonly kind: 'read'; readonly policy: Policy } | { readonly kind: 'unreadable' };

/** Reads user groups only if the policy does not name the person. Reads the channel only if the policy names no channels. */
export function createAuthorizer({
  client,
  readPolicy,
  installedTeam,
  monotonicNow,
  log,
}: AuthorizerOptions): Authorizer {
  const groups = new Map<string, CacheEntry<ReadonlySet<string>>>();
  const channels = new Map<string, CacheEntry<boolean>>();

  async function cached<T>(cache: Map<string, CacheEntry<T>>, key: string, maxAgeMs: number, load: () => Promise<T>) {
    const entry = cache.get(key);
    if (entry !== undefined && monotonicNow() - entry.fetchedAt < maxAgeMs && (await entry.value) !== null)
      return entry.value;
    const value = withTimeout(load(), lookupTimeoutMs).then((result) => {
      if (result.kind === 'resolved') return result.value;
      const error = result.kind === 'rejected' ? serializeError(result.error) : undefined;
      log.warn({ lookupKey: key, kind: result.kind, error }, 'Slack lookup failed');
      return null;
    });
    if (cache.size > 1_000) cache.clear();
    cache.set(key, { fetchedAt: monotonicNow(), value });
    return value;
  }

  /** Returns null if Slack did not answer. */
  function groupMembers(group: string, maxAgeMs: number): Promise<ReadonlySet<string> | null> {
    const load = async () => new Set((await client.usergroups.users.list({ usergroup: group })).users ?? []);
    return cached(groups, group, maxAgeMs, load);
  }

  /** For names only: an answer of Slack that did not arrive is not asked for again at once. */
  async function membersToName(group: string): Promise<ReadonlySet<string> | null> {
    const entry = groups.get(group);
    const hasJustBeenRead = entry !== undefined && monotonicNow() - entry.fetchedAt < denialRecheckMs;
    return hasJustBeenRead ? entry.value : groupMembers(group, cacheTtlMs);
  }

  async function groupMembership(group: string, user: string): Promise<'member' | 'not_member' | 'unknown'> {
    const members = await groupMembers(group, cacheTtlMs);
    if (members === null) return 'unknown';
    if (members.has(user)) return 'member';
    const refreshed = await groupMembers(group, denialRecheckMs);
    return refreshed === null ? 'unknown' : refreshed.has(user) ? 'member' : 'not_member';
  }

  async function channelSharing(channel: string | null): Promise<Requester['channelShared']> {
    if (channel === null || channel.startsWith('D')) return 'no';
    const isShared = await cached(channels, channel, cacheTtlMs, async () => {
      const { channel: found } = await client.conversations.info({ channel });
      if (found === undefined) throw new Error('conversations.info returned no channel');
      return found.is_ext_shared === true || (found.is_shared === true && found.is_org_shared !== true);
    });
    return isShared === null ? 'unknown' : isShared ? 'yes' : 'no';
  }

  /** Reads the user groups of the policy only if the rules need them. */
  async function readPerson(policy: Policy, { user, team }: RequestIdentity): Promise<Person> {
    const person: Person = { user, userTeam: team, installedTeam: installedTeam(), groups: {} };
    if (team !== person.installedTeam || policy.operators.includes(user)) return person;
    const operatorGroups = policy.operators.filter(isUserGroup);
    const memberships = await Promise.all(
      operatorGroups.map(async (group) => [group, await groupMembership(group, user)] as const),
    );
    return { ...person, groups: Object.fromEntries(memberships) };
  }

  async function tryToReadPolicy(): Promise<PolicyReading> {
    try {
      return { kind: 'read', policy: await readPolicy() };
    } catch (error) {
      if (error instanceof ConfigurationUnreadableError) return { kind: 'unreadable' };
      throw error;
    }
  }

  async function readAccess(identity: RequestIdentity): Promise<Access> {
    const read = await tryToReadPolicy();
    if (read.kind === 'unreadable')
      return { refusal: { code: 'policy_unreadable' }, operatorEntry: null, channels: [] };
    const { policy } = read;
    const { channels: allowedChannels } = policy;
    const person = await readPerson(policy, identity);
    const access = { operatorEntry: operatorEntry(policy, person), channels: allowedChannels };
    const refusal = authorizePerson(policy, person);
    if (refusal !== null) return { ...access, refusal };
    const { channel } = identity;
    const channelShared = allowedChannels.length > 0 ? 'unknown' : await channelSharing(channel);
    return { ...access, refusal: authorize(policy, { ...person, channel, channelShared }) };
  }

  return {
    readAccess,
    async authorizeRequest(identity) {
      return (await readAccess(identity)).refusal;
    },
    async listOperators() {
      const read = await tryToReadPolicy();
      if (read.kind === 'unreadable') return noOperators;
      const { operators } = read.policy;
      const members = await Promise.all(
        operators.filter(isUserGroup).map(async (group) => ({ group, people: await membersToName(group) })),
      );
      const people = members.flatMap((each) => [...(each.people ?? [])]);
      return {
        people: [...new Set([...operators.filter((operator) => !isUserGroup(operator)), ...people])],
        unreadGroups: members.filter((each) => each.people === null).map(({ group }) => group),
      };
    },
    async isOperator(identity) {
      const read = await tryToReadPolicy();
      if (read.kind === 'unreadable') return false;
      return authorizePerson(read.policy, await readPerson(read.policy, identity)) === null;
    },
    checkTeam({ user, team }) {
      return team === installedTeam() ? null : { code: 'other_team', user };
    },
  };
}
