import { webApi } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { isUserGroup, type Policy } from '../domain/policy.ts';
import type { PrecheckItem } from '../domain/refusal.ts';
import { slackPath } from './http-guard.ts';
import { slackErrorCode, startFault } from './refused.ts';
import type { Way } from './slack-app.ts';
import { clientOptions } from './web-client.ts';

export interface SlackCheckOptions {
  readonly botToken: string;
  /** Null: neither way is set up. */
  readonly way: Way | null;
  readonly apiUrl?: string;
  readonly policy: Policy;
  /** Channels that projects name for their outcomes. */
  readonly channels: readonly string[];
  readonly log: Log;
}

/**
 * What `doctor` can say of Slack: the bot token, the way in, each channel that is posted to, each user group of the policy.
 * Never throws.
 */
export async function checkSlack(options: SlackCheckOptions): Promise<PrecheckItem[]> {
  const { botToken, policy, channels } = options;
  const client = (token: string) => new webApi.WebClient(token, clientOptions(options, 0));
  const bot = client(botToken);
  const [botItem, wayItem] = await Promise.all([
    tokenItem('Slack bot token', 'bot', () => bot.auth.test()),
    wayInItem(options.way, (token) => client(token).apps.connections.open()),
  ]);
  if (botItem.result !== 'pass') return [botItem, wayItem];
  const named = [...new Set([...channels, ...policy.channels])];
  return [
    botItem,
    wayItem,
    ...(await Promise.all(named.map((channel) => channelItem(bot, channel)))),
    ...(await Promise.all(policy.operators.filter(isUserGroup).map((group) => groupItem(bot, group)))),
  ];
}

async function wayInItem(way: Way | null, connect: (appToken: string) => Promise<unknown>): Promise<PrecheckItem> {
  if (way === null) {
    const message =
      'SLACK_APP_TOKEN (Socket Mode) and SLACK_SIGNING_SECRET (HTTP) are both not set: a bot cannot run, a worker can';
    return { item: 'way in from Slack', result: 'fail', message };
  }
  if (way.kind === 'socket') return tokenItem('Slack app token', 'app', () => connect(way.appToken));
  const message = `HTTP on port ${way.port}: whether Slack reaches it at ${slackPath}, and whether the signing secret is right, shows at the first command`;
  return { item: 'way in from Slack', result: 'unknown', message };
}

async function tokenItem(item: string, token: 'bot' | 'app', call: () => Promise<unknown>): Promise<PrecheckItem> {
  try {
    await call();
    return { item, result: 'pass', message: 'Slack takes it' };
  } catch (error) {
    return { item, result: 'fail', message: startFault(error, token).message };
  }
}

async function channelItem(bot: webApi.WebClient, channel: string): Promise<PrecheckItem> {
  const item = `channel ${channel}`;
  return answered(item, async () => {
    const { channel: found } = await bot.conversations.info({ channel });
    if (found?.is_archived === true) return { item, result: 'fail', message: 'it is archived: name another' };
    if (found?.is_member === true) return { item, result: 'pass', message: 'the bot is a member' };
    return { item, result: 'fail', message: 'the bot is no member: type /invite @syncbot there' };
  });
}

async function groupItem(bot: webApi.WebClient, group: string): Promise<PrecheckItem> {
  const item = `user group ${group}`;
  return answered(item, async () => {
    const { users } = await bot.usergroups.users.list({ usergroup: group });
    return { item, result: 'pass', message: `${users?.length ?? 0} in it` };
  });
}

/** What Slack refuses is a fail with its code; what it did not answer is unknown. */
async function answered(item: string, ask: () => Promise<PrecheckItem>): Promise<PrecheckItem> {
  try {
    return await ask();
  } catch (error) {
    const code = slackErrorCode(error);
    if (code === null) return { item, result: 'unknown', message: 'Slack did not answer' };
    return { item, result: 'fail', message: `Slack answers ${code}: check its id, invite the bot, check its scopes` };
  }
}
