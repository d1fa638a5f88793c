import { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { isUserGroup, type Policy } from '../domain/authorization.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckText } from '../messages/facts.ts';
import { createWebClientOptions } from './api-calls.ts';
import { slackPath } from './receivers/http-verification.ts';
import type { Transport } from './receivers/receiver.ts';
import { findMissingScopes } from './scopes.ts';
import { slackErrorCode, toSlackConnectionError } from './slack-errors.ts';

export interface SlackDoctorOptions {
  readonly botToken: string;
  /** Null when no transport is configured. */
  readonly transport: Transport | null;
  readonly apiUrl?: string;
  readonly policy: Policy;
  /** Ids of the users and user groups that alerts mention. */
  readonly mentioned: readonly string[];
  /** The channels of the projects. */
  readonly channels: readonly string[];
  readonly log: Logger;
}

const { slack: texts, items } = messages.doctor;

/** Checks the bot token, the transport, each channel of the projects and the policy, and each user group. Never throws. */
export async function checkSlack(options: SlackDoctorOptions): Promise<CheckText[]> {
  const { botToken, policy, mentioned, channels } = options;
  const client = (token: string) => new webApi.WebClient(token, createWebClientOptions(options, 0));
  const bot = client(botToken);
  const authTest = bot.auth.test();
  const [botTokenResult, transportResult] = await Promise.all([
    checkToken(items.slackBotToken, 'bot', () => authTest),
    checkTransport(options.transport, (token) => client(token).apps.connections.open()),
  ]);
  if (botTokenResult.result !== 'pass') return [botTokenResult, transportResult];
  const userGroups = [...new Set([...policy.operators, ...mentioned])].filter(isUserGroup);
  const channelIds = [...new Set([...channels, ...policy.channels])];
  return [
    botTokenResult,
    checkScopes(await authTest, policy),
    transportResult,
    ...(await Promise.all(channelIds.map((channel) => checkChannel(bot, channel)))),
    ...(await Promise.all(userGroups.map((group) => checkUserGroup(bot, group)))),
  ];
}

/** Slack sends the scopes of the token with each reply. */
function checkScopes({ response_metadata: metadata }: webApi.AuthTestResponse, policy: Policy): CheckText {
  const item = items.slackScopes;
  const granted = metadata?.scopes;
  if (granted === undefined) return { item, result: 'unknown', message: texts.scopesUnknown };
  const missing = findMissingScopes(granted, policy);
  const result = missing.needed.length > 0 ? 'fail' : 'pass';
  return { item, result, message: texts.scopes([...missing.needed, ...missing.optional]) };
}

async function checkTransport(
  transport: Transport | null,
  connect: (appToken: string) => Promise<unknown>,
): Promise<CheckText> {
  if (transport === null) {
    return { item: items.slackTransport, result: 'fail', message: texts.noTransport };
  }
  if (transport.kind === 'socket') return checkToken(items.slackAppToken, 'app', () => connect(transport.appToken));
  const message = texts.httpTransport(transport.port, slackPath);
  return { item: items.slackTransport, result: 'unknown', message };
}

async function checkToken(item: string, token: 'bot' | 'app', call: () => Promise<unknown>): Promise<CheckText> {
  try {
    await call();
    return { item, result: 'pass', message: texts.tokenAccepted };
  } catch (error) {
    return { item, result: 'fail', message: toSlackConnectionError(error, token).message };
  }
}

export async function checkChannel(bot: webApi.WebClient, channel: string): Promise<CheckText> {
  const item = items.channel(channel);
  return catchSlackError(item, async () => {
    const { channel: found } = await bot.conversations.info({ channel });
    if (found?.is_archived === true) return { item, result: 'fail', message: texts.channelArchived };
    if (found?.is_member === true) return { item, result: 'pass', message: texts.channelMember };
    return { item, result: 'fail', message: texts.channelNotMember };
  });
}

export async function checkUserGroup(bot: webApi.WebClient, group: string): Promise<CheckText> {
  const item = items.userGroup(group);
  return catchSlackError(item, async () => {
    const { users } = await bot.usergroups.users.list({ usergroup: group });
    return { item, result: 'pass', message: texts.userGroup(users?.length ?? 0) };
  });
}

/** A Slack error is a fail with its code. No answer is unknown, and so is a token without the scope for the check. */
export async function catchSlackError(item: string, check: () => Promise<CheckText>): Promise<CheckText> {
  try {
    return await check();
  } catch (error) {
    const code = slackErrorCode(error);
    if (code === null) return { item, result: 'unknown', message: texts.noAnswer };
    if (code === 'missing_scope') return { item, result: 'unknown', message: texts.noScope };
    return { item, result: 'fail', message: texts.refused(code) };
  }
}
