import { z } from 'zod';

export const channelId = 'C0SYNC';
export const users = { alice: 'U0ALICE', bob: 'U0BOB', carol: 'U0CAROL' } as const;
export const operatorIds = [users.alice, users.bob] as const;
export const tokens = { bot: 'xoxb-syncbot-demo', app: 'xapp-syncbot-demo' } as const;

const botUserId = 'U0SYNCBOT';
const purposePrefix = 'A demo of syncbot. Its Redis: ';

/** Returns the local Slack's config file as JSON. The purpose of the channel holds the Redis URL: see `findDemoRedisUrl`. */
export function workspaceConfig(redisUrl: string): string {
  const members = [...Object.values(users), botUserId];
  return JSON.stringify({
    workspace: { name: 'syncbot demo', domain: 'syncbot-demo', teamId: 'T0SYNC' },
    app: { appId: 'A0SYNC', botUserId, botName: 'syncbot', botToken: tokens.bot, appToken: tokens.app },
    users: [
      { id: users.alice, name: 'alice', real_name: 'Alice (operator)' },
      { id: users.bob, name: 'bob', real_name: 'Bob (operator)' },
      { id: users.carol, name: 'carol', real_name: 'Carol (not an operator)' },
    ],
    channels: [
      { id: channelId, name: 'sync', topic: 'Try /sync help', purpose: `${purposePrefix}${redisUrl}`, members },
    ],
  });
}

const stateSchema = z.object({ channels: z.array(z.object({ id: z.string(), purpose: z.string().default('') })) });

/** Returns the Redis URL of the demo whose local Slack listens on this port, or null if no demo does. */
export async function findDemoRedisUrl(port: number): Promise<string | null> {
  const state = stateSchema.safeParse(await readWorkspaceState(port));
  const channel = state.data?.channels.find(({ id }) => id === channelId);
  return channel?.purpose.startsWith(purposePrefix) ? channel.purpose.slice(purposePrefix.length) : null;
}

async function readWorkspaceState(port: number): Promise<unknown> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/_control/state`, { signal: AbortSignal.timeout(3_000) });
    return await response.json();
  } catch {
    return null;
  }
}
