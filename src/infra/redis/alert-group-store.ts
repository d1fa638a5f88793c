import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AlertGroupStore } from '../../application/alert-store.ts';
import {
  type AlertGroup,
  type AlertMember,
  alertGroupSchema,
  alertMemberSchema,
  type ChannelAlerts,
  noChannelAlerts,
} from '../../domain/alert-group.ts';
import { toChunks } from '../../lib/async.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply, loadScript, runScript } from './scripts.ts';
import { sendCommands } from './send-commands.ts';
import { writeReply } from './steps.ts';

const addScript = loadScript(new URL('lua/add-changed-alerts.lua', import.meta.url));
const takeScript = loadScript(new URL('lua/take-changed-alerts.lua', import.meta.url));
const saveScript = loadScript(new URL('lua/save-alert-groups.lua', import.meta.url));
/** Lua passes this many arguments to a command at most. */
const maxAdded = 1_000;

const version = { v: z.literal(1) };
const timesSchema = jsonReply(
  z.object({ ...version, posts: z.array(z.number()), nextPostAt: z.number(), pausedUntil: z.number() }),
);
const groupJson = jsonReply(alertGroupSchema.extend(version));
const memberJson = jsonReply(alertMemberSchema);

/**
 * The hash of a channel has a field for each group and for each member, so that a change of one member of a large group is a
 * small write.
 */
export function createAlertGroupStore(client: RedisClient, keys: Keys): AlertGroupStore {
  return {
    async addChanged(channel, projects) {
      let isFirst = false;
      for (const chunk of toChunks(projects, maxAdded)) {
        const call = { keys: [keys.changedAlerts(channel)], args: [JSON.stringify({ projects: chunk })] };
        isFirst = (await sendCommands(client, (redis) => runScript(redis, addScript, call))) === 1 || isFirst;
      }
      return { isFirst };
    },
    async takeChanged(channel) {
      const call = { keys: [keys.changedAlerts(channel)], args: [] };
      return z.array(z.string()).parse(await sendCommands(client, (redis) => runScript(redis, takeScript, call)));
    },
    async hasChanged(channel) {
      return (await sendCommands(client, (redis) => redis.scard(keys.changedAlerts(channel)))) > 0;
    },
    async read(channel) {
      const fields = await sendCommands(client, (redis) => redis.hgetall(keys.alertGroups(channel)));
      return { alerts: toChannelAlerts(fields), version: Number(fields['version'] ?? 0) };
    },
    async save(channel, { before, after, expectedVersion }) {
      const args = { expectedVersion, write: randomUUID(), ...changedFields(before, after) };
      const call = { keys: [keys.alertGroups(channel)], args: [JSON.stringify(args)] };
      return writeReply.parse(await sendCommands(client, (redis) => runScript(redis, saveScript, call)));
    },
  };
}

const groupPrefix = 'group:';
const memberPrefix = 'member:';
/** A project's id has no colon. The id of a group has. */
const memberField = (group: string, project: string) => `${memberPrefix}${group}:${project}`;

function toChannelAlerts(fields: Readonly<Record<string, string>>): ChannelAlerts {
  const { times: timesText } = fields;
  const times = timesText === undefined ? noChannelAlerts : timesSchema.parse(timesText);
  const members = new Map<string, Map<string, AlertMember>>();
  for (const [field, text] of Object.entries(fields)) {
    if (!field.startsWith(memberPrefix)) continue;
    const colon = field.lastIndexOf(':');
    const id = field.slice(memberPrefix.length, colon);
    const ofGroup = members.get(id) ?? new Map<string, AlertMember>();
    members.set(id, ofGroup.set(field.slice(colon + 1), memberJson.parse(text)));
  }
  const groups = Object.entries(fields).flatMap(([field, text]): [string, AlertGroup][] => {
    if (!field.startsWith(groupPrefix)) return [];
    const id = field.slice(groupPrefix.length);
    const { v, ...group } = groupJson.parse(text);
    return [[id, { ...group, members: members.get(id) ?? new Map() }]];
  });
  const { posts, nextPostAt, pausedUntil } = times;
  return { posts, nextPostAt, pausedUntil, groups: new Map(groups) };
}

interface ChangedFields {
  readonly set: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
}

/** Compares objects by identity: a change makes new ones. */
function changedFields(before: ChannelAlerts, after: ChannelAlerts): ChangedFields {
  const set: Record<string, string> = {};
  const removed: string[] = [];
  const { posts, nextPostAt, pausedUntil } = after;
  set['times'] = JSON.stringify({ v: 1, posts, nextPostAt, pausedUntil });
  for (const [id, { members, ...group }] of after.groups) {
    const old = before.groups.get(id);
    if (old === after.groups.get(id)) continue;
    set[`${groupPrefix}${id}`] = JSON.stringify({ v: 1, ...group });
    for (const [project, member] of members)
      if (old?.members.get(project) !== member) set[memberField(id, project)] = JSON.stringify(member);
  }
  for (const [id, { members }] of before.groups) {
    const kept = after.groups.get(id);
    if (kept === undefined) removed.push(`${groupPrefix}${id}`);
    for (const project of members.keys()) if (!kept?.members.has(project)) removed.push(memberField(id, project));
  }
  return { set, removed };
}
