import type { ChannelSpec, GroupSpec, SlackChannel, SlackGroup, SlackUser, UserSpec } from './types.ts';

export const teamId = 'T0001';
export const otherTeamId = 'T0EXT';
export const teamDomain = 'acme';
export const appId = 'A0SYNC';
export const botId = 'B0SYNC';
export const botUserId = 'U0BOT';

const defaultUsers: readonly UserSpec[] = [
  { id: botUserId, name: 'sync', isBot: true },
  { id: 'U0ALICE' },
  { id: 'U0BOB' },
  { id: 'U0CAROL' },
  { id: 'U0EVE', teamId: otherTeamId },
];

const defaultGroups: readonly GroupSpec[] = [{ id: 'S0OPS', handle: 'ops', members: ['U0ALICE', 'U0BOB'] }];

const memberIds = ['U0ALICE', 'U0BOB', 'U0CAROL'];
const defaultChannels: readonly ChannelSpec[] = [
  { id: 'C0SYNC', members: [...memberIds, botUserId] },
  { id: 'C0OTHER', members: memberIds },
  { id: 'C0SHARED', members: [...memberIds, 'U0EVE', botUserId], isExtShared: true },
];

export interface WorkspaceOptions {
  readonly users?: readonly UserSpec[];
  readonly groups?: readonly GroupSpec[];
  readonly channels?: readonly ChannelSpec[];
}

/** Users, groups and channels: the defaults, and those of the test, which replace defaults with the same id. */
export class Workspace {
  readonly users = new Map<string, SlackUser>();
  readonly groups = new Map<string, SlackGroup>();
  readonly channels = new Map<string, SlackChannel>();

  constructor(options: WorkspaceOptions = {}) {
    for (const spec of [...defaultUsers, ...(options.users ?? [])]) this.users.set(spec.id, createUser(spec));
    for (const spec of [...defaultGroups, ...(options.groups ?? [])]) this.groups.set(spec.id, createGroup(spec));
    for (const spec of [...defaultChannels, ...(options.channels ?? [])])
      this.channels.set(spec.id, createChannel(spec));
  }

  user(id: string): SlackUser {
    return requireFound(this.users.get(id), `user ${id}`);
  }

  channel(id: string): SlackChannel {
    return requireFound(this.channels.get(id), `channel ${id}`);
  }

  group(id: string): SlackGroup {
    return requireFound(this.groups.get(id), `user group ${id}`);
  }

  /** Returns the direct message between the bot and this user. Creates it if necessary. */
  directMessage(userId: string): SlackChannel {
    const id = `D${userId.slice(1)}`;
    const existing = this.channels.get(id);
    if (existing) return existing;
    const opened = createChannel({ id, name: 'directmessage', members: [userId, botUserId], isIm: true });
    this.channels.set(id, opened);
    return opened;
  }

  isBotMember(channel: SlackChannel): boolean {
    return channel.members.has(botUserId);
  }
}

function createUser(spec: UserSpec): SlackUser {
  const defaults = { teamId, isBot: false, deleted: false };
  return { name: spec.id.slice(2).toLowerCase(), ...defaults, active: true, tz: 'Europe/Berlin', ...spec };
}

function createGroup(spec: GroupSpec): SlackGroup {
  return { handle: spec.id.slice(2).toLowerCase(), ...spec, members: [...(spec.members ?? [])] };
}

function createChannel(spec: ChannelSpec): SlackChannel {
  const defaults = { isArchived: false, isExtShared: false, isIm: false, isPrivate: false };
  const name = spec.id.slice(2).toLowerCase();
  return { name, ...defaults, ...spec, members: new Set(spec.members ?? []) };
}

function requireFound<T>(value: T | undefined, description: string): T {
  if (value === undefined) throw new Error(`The fake workspace has no ${description}`);
  return value;
}
