import { z } from 'zod';
import type { HomeStore, HomeViewer } from '../../application/home-store.ts';
import { homeUpdatesForMs, maxHomeViewers } from '../../domain/home-updates.ts';
import type { RedisClient } from './client.ts';
import type { Keys } from './keys.ts';
import { jsonReply, loadScript, runScript } from './scripts.ts';
import { sendCommands } from './send-commands.ts';

const openScript = loadScript(new URL('lua/open-home.lua', import.meta.url));
const savePublishedScript = loadScript(new URL('lua/save-published-home.lua', import.meta.url));
const version = { v: z.literal(1) };
const viewerSchema = jsonReply(
  z
    .object({ ...version, team: z.string().nullable().default(null), filter: z.string(), openedAt: z.number() })
    .transform(({ v: _version, ...viewer }) => viewer),
);
const publishedSchema = jsonReply(
  z
    .object({ ...version, at: z.number(), digest: z.string(), hash: z.string() })
    .transform(({ v: _version, ...published }) => published),
);
const publishedField = (user: string) => `${user}:published`;

/** A listener writes the field `<user>`, the notifier `<user>:published`, so that neither overwrites the other. */
export function createHomeStore(client: RedisClient, keys: Keys): HomeStore {
  return {
    async open({ user, team, filter }) {
      const bounds = { maxViewers: maxHomeViewers, forgetAfterMs: homeUpdatesForMs };
      const args = { user, ...(team === null ? {} : { team }), ...(filter === null ? {} : { filter }), ...bounds };
      const call = { keys: [keys.homes], args: [JSON.stringify(args)] };
      await sendCommands(client, (redis) => runScript(redis, openScript, call));
    },
    async listViewers() {
      const [fields, [seconds]] = await sendCommands(client, (redis) =>
        Promise.all([redis.hgetall(keys.homes), redis.time()]),
      );
      const viewers = Object.entries(fields).flatMap(([user, text]) => toViewer(user, text, fields) ?? []);
      return viewers
        .filter(({ openedAt }) => Number(seconds) * 1_000 - openedAt < homeUpdatesForMs)
        .sort((a, b) => b.openedAt - a.openedAt);
    },
    async savePublished(user, published) {
      const args = { user, published: JSON.stringify({ v: 1, ...published }) };
      const call = { keys: [keys.homes], args: [JSON.stringify(args)] };
      await sendCommands(client, (redis) => runScript(redis, savePublishedScript, call));
    },
    async remove(user) {
      await sendCommands(client, (redis) => redis.hdel(keys.homes, user, publishedField(user)));
    },
  };
}

/** Null for a record that cannot be read: its person gets updates again after they open Home. */
function toViewer(user: string, text: string, fields: Readonly<Record<string, string>>): HomeViewer | null {
  if (user.includes(':')) return null;
  const viewer = viewerSchema.safeParse(text).data;
  const published = publishedSchema.safeParse(fields[publishedField(user)]).data ?? null;
  return viewer === undefined ? null : { user, ...viewer, published };
}
