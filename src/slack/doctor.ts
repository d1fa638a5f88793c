import { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { isUserGroup, type Policy } from '../domain/policy.ts';
import type { CheckText } from '../messages/render.ts';
import type { Transport } from './app.ts';
import { slackPath } from './receivers/http-verification.ts';
import { slackErrorCode, toSlackConnectionError } from './slack-errors.ts';
import { createWebClientOptions } from './web-client.ts';

export interface SlackDoctorOptions {
  readonly botToken: string;
  /** Null: neither way is set up. */
  readonly transport: Transport | null;
  readonly apiUrl?: string;
  readonly policy: Policy;
  /** Channels that projects name for their outcomes. */
  readonly channels: readonly string[];
  readonly log: Logger;
}

/**
 * What `doctor` can say of Slack: the bot token, the way in, each channel that is posted to, each user group of the policy.
 * Never throws.
 */
export async function checkSlack(options: SlackDoctorOptions): Promise<CheckText[]> {
  const { botToken, policy, channels } = options;
  const client = (token: string) => new webApi.WebClient(token, createWebClientOptions(options, 0));
  const bot = client(botToken);
  const [botTokenResult, transportResult] = await Promise.all([
    checkToken('Slack bot token', 'bot', () => bot.auth.test()),
    checkTransport(options.transport, (token) => client(token).apps.connections.open()),
  ]);
  if (botTokenResult.result !== 'pass') return [botTokenResult, transportResult];
  const channelIds = [...new Set([...channels, ...policy.channels])];
  return [
    botTokenResult,
    transportResult,
    ...(await Promise.all(channelIds.map((channel) => checkChannel(bot, channel)))),
    ...(await Promise.all(policy.operators.filter(isUserGroup).map((group) => checkUserGroup(bot, group)))),
  ];
}

async function checkTransport(
  transport: Transport | null,
  connect: (appToken: string) => Promise<unknown>,
): Promise<CheckText> {
  if (transport === null) {
    const message =
      'SLACK_APP_TOKEN (Socket Mode) and SLACK_SIGNING_SECRET (HTTP) are both not set: a bot cannot run, a worker can';
    return { item: 'way in from Slack', result: 'fail', message };
  }
  if (transport.kind === 'socket') return checkToken('Slack app token', 'app', () => connect(transport.appToken));
  const message = `HTTP on port ${transport.port}: whether Slack reaches it at ${slackPath}, and whether the signing secret is right, shows at the first command`;
  return { item: 'way in from Slack', result: 'unknown', message };
}

async function checkToken(item: string, token: 'bot' | 'app', call: () => Promise<unknown>): Promise<CheckText> {
  try {
    await call();
    return { item, result: 'pass', message: 'Slack takes it' };
  } catch (error) {
    return { item, result: 'fail', message: toSlackConnectionError(error, token).message };
  }
}

async function checkChannel(bot: webApi.WebClient, channel: string): Promise<CheckText> {
  const item = `channel ${channel}`;
  return catchSlackError(item, async () => {
    const { channel: found } = await bot.conversations.info({ channel });
    if (found?.is_archived === true) return { item, result: 'fail', message: 'it is archived: name another' };
    if (found?.is_member === true) return { item, result: 'pass', message: 'the bot is a member' };
    return { item, result: 'fail', message: 'the bot is no member: type /invite @syncbot there' };
  });
}

async function checkUserGroup(bot: webApi.WebClient, group: string): Promise<CheckText> {
  const item = `user group ${group}`;
  return catchSlackError(item, async () => {
    const { users } = await bot.usergroups.users.list({ usergroup: group });
    return { item, result: 'pass', message: `${users?.length ?? 0} in it` };
  });
}

/** What Slack refuses is a fail with its code; what it did not answer is unknown. */
async function catchSlackError(item: string, check: () => Promise<CheckText>): Promise<CheckText> {
  try {
    return await check();
  } catch (error) {
    const code = slackErrorCode(error);
    if (code === null) return { item, result: 'unknown', message: 'Slack did not answer' };
    return { item, result: 'fail', message: `Slack answers ${code}: check its id, invite the bot, check its scopes` };
  }
}
