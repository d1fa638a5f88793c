import { webApi } from '@slack/bolt';
import { loggedFault } from '../domain/logged-fault.ts';

/** Slack does not take a token, or could not be reached, or cannot reach the bot. One sentence says what to look at. */
export class SlackRefused extends Error {
  override readonly name = 'SlackRefused';
  /** Slack's own code, such as `invalid_auth`; `unreachable` when it did not answer, `port` when the port cannot be had. */
  readonly code: string;

  constructor(code: string, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.code = code;
  }
}

const hopeless: ReadonlySet<string> = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'not_allowed_token_type',
  'user_removed_from_team',
  'team_disabled',
  'no_permission',
  'missing_scope',
  'org_login_required',
  'access_denied',
]);

/** Whether Slack says with this code that a token, or what it may do, is not enough. */
export function isTokenRefusal(code: string): boolean {
  return hopeless.has(code);
}

const advice = {
  bot: 'check that SLACK_BOT_TOKEN is the bot token (xoxb-…) of the app as it is installed in your workspace',
  app: 'check that SLACK_APP_TOKEN is an app-level token (xapp-…) with the scope connections:write and that Socket Mode is on',
} as const;

/** The refusal that an error of the Web API stands for; null when trying again may help. */
export function refusalIn(error: unknown, token: keyof typeof advice): SlackRefused | null {
  const code = slackErrorCode(error);
  if (code === null || !hopeless.has(code)) return null;
  return new SlackRefused(code, `Slack refuses the token (${code}): ${advice[token]}.`, { cause: error });
}

/** The fault of a start that failed for any reason. */
export function startFault(error: unknown, token: keyof typeof advice): SlackRefused {
  if (error instanceof SlackRefused) return error;
  const refused = refusalIn(error, token);
  if (refused !== null) return refused;
  const detail = loggedFault(error);
  const what = slackErrorCode(error) ?? detail.code ?? detail.name;
  const sentence = `Slack could not be reached (${what}): check the network, and SLACK_API_URL if it is set.`;
  return new SlackRefused('unreachable', sentence, { cause: error });
}

/** The code of a call that Slack answered with `ok: false`; null for every other error. */
export function slackErrorCode(error: unknown): string | null {
  return error instanceof webApi.WebAPIPlatformError ? error.data.error : null;
}
