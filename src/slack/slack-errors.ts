import { webApi } from '@slack/bolt';
import { serializeError } from '../logging/serialize-error.ts';

/** Slack does not take a token, or could not be reached, or cannot reach the bot. One sentence says what to look at. */
export class SlackConnectionError extends Error {
  override readonly name = 'SlackRefused';
  /** Slack's own code, such as `invalid_auth`; `unreachable` when it did not answer, `port` when the port cannot be had. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const fatalAuthErrors: ReadonlySet<string> = new Set([
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
export function isAuthError(code: string): boolean {
  return fatalAuthErrors.has(code);
}

const tokenHints = {
  bot: 'check that SLACK_BOT_TOKEN is the bot token (xoxb-…) of the app as it is installed in your workspace',
  app: 'check that SLACK_APP_TOKEN is an app-level token (xapp-…) with the scope connections:write and that Socket Mode is on',
} as const;

/** The refusal that an error of the Web API stands for; null when trying again may help. */
export function toAuthError(error: unknown, token: keyof typeof tokenHints): SlackConnectionError | null {
  const code = slackErrorCode(error);
  if (code === null || !fatalAuthErrors.has(code)) return null;
  return new SlackConnectionError(code, `Slack refuses the token (${code}): ${tokenHints[token]}.`, { cause: error });
}

/** The fault of a start that failed for any reason. */
export function toSlackConnectionError(error: unknown, token: keyof typeof tokenHints): SlackConnectionError {
  if (error instanceof SlackConnectionError) return error;
  const authError = toAuthError(error, token);
  if (authError !== null) return authError;
  const serialized = serializeError(error);
  const reason = slackErrorCode(error) ?? serialized.code ?? serialized.name;
  const message = `Slack could not be reached (${reason}): check the network, and SLACK_API_URL if it is set.`;
  return new SlackConnectionError('unreachable', message, { cause: error });
}

/** The code of a call that Slack answered with `ok: false`; null for every other error. */
export function slackErrorCode(error: unknown): string | null {
  return error instanceof webApi.WebAPIPlatformError ? error.data.error : null;
}
