import { webApi } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { emptyPolicy, isUserGroup } from '../domain/authorization.ts';
import { messages } from '../messages/catalog.ts';
import type { CheckOutcome } from '../messages/facts.ts';
import { createWebClientOptions } from './api-calls.ts';
import { catchSlackError, checkChannel, checkUserGroup } from './doctor.ts';
import { findMissingScopes, requiredScopes } from './scopes.ts';
import { toSlackConnectionError } from './slack-errors.ts';

export interface SetupChecksOptions {
  /** Replaces `https://slack.com/api/`. */
  readonly apiUrl: string | null;
  readonly log: Logger;
}

const texts = messages.init;

/**
 * Checks the answers of `syncbot init` with Slack. `unknown`: Slack did not answer, or the token has no scope for the check. No
 * check throws.
 */
export function createSetupChecks({ apiUrl, log }: SetupChecksOptions) {
  const clientOptions = createWebClientOptions({ apiUrl: apiUrl ?? undefined, log }, 0);
  const client = (token: string) => new webApi.WebClient(token, clientOptions);
  return {
    checkBotToken: (token: string) => checkToken('bot', async () => checkBot(await client(token).auth.test())),
    checkAppToken: (token: string) =>
      checkToken('app', async () => {
        await client(token).apps.connections.open();
        return { result: 'pass', message: texts.appTokenAccepted };
      }),
    checkOperator: (botToken: string, id: string): Promise<CheckOutcome> =>
      isUserGroup(id) ? checkUserGroup(client(botToken), id) : checkUser(client(botToken), id),
    checkChannel: (botToken: string, id: string): Promise<CheckOutcome> => checkChannel(client(botToken), id),
  };
}

async function checkToken(token: 'bot' | 'app', call: () => Promise<CheckOutcome>): Promise<CheckOutcome> {
  try {
    return await call();
  } catch (error) {
    const { code, message } = toSlackConnectionError(error, token);
    return { result: code === 'unreachable' ? 'unknown' : 'fail', message };
  }
}

/** The scopes that an administrator may leave out are named. */
function checkBot({ user, team, response_metadata: metadata }: webApi.AuthTestResponse): CheckOutcome {
  const accepted = texts.botTokenAccepted(user ?? '?', team ?? '?');
  if (metadata?.scopes === undefined) return { result: 'pass', message: accepted };
  const { needed, optional } = findMissingScopes(metadata.scopes, emptyPolicy);
  const missing = [...needed, ...optional];
  const isRefused = requiredScopes.some((scope) => missing.includes(scope));
  const message =
    missing.length === 0 ? accepted : `${accepted} ${texts.sentence(messages.doctor.slack.scopes(missing))}`;
  return { result: isRefused ? 'fail' : 'pass', message };
}

async function checkUser(bot: webApi.WebClient, id: string): Promise<CheckOutcome> {
  return catchSlackError(id, async () => {
    const { user } = await bot.users.info({ user: id });
    const name = user?.profile?.display_name || user?.real_name || user?.name || id;
    if (user?.deleted === true) return { item: id, result: 'fail', message: texts.userDeactivated(name) };
    if (user?.is_bot === true) return { item: id, result: 'fail', message: texts.userIsBot(name) };
    return { item: id, result: 'pass', message: texts.user(name) };
  });
}
