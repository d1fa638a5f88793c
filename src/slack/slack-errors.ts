import { webApi } from '@slack/bolt';
import { serializeError } from '../logging/serialize-error.ts';
import { messages } from '../messages/catalog.ts';
import { SlackConnectionError } from './slack-connection-error.ts';

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

/** Returns whether Slack's code means that the token or its scopes do not suffice. */
export function isAuthError(code: string): boolean {
  return fatalAuthErrors.has(code);
}

/** Returns the error of a call whose token Slack rejects. Null when a retry may help. */
export function toAuthError(error: unknown, token: 'bot' | 'app'): SlackConnectionError | null {
  const code = slackErrorCode(error);
  if (code === null || !fatalAuthErrors.has(code)) return null;
  return new SlackConnectionError(code, messages.startErrors.slackTokenRejected(code, token), { cause: error });
}

/** Returns the error of a start that failed for any reason. */
export function toSlackConnectionError(error: unknown, token: 'bot' | 'app'): SlackConnectionError {
  if (error instanceof SlackConnectionError) return error;
  const authError = toAuthError(error, token);
  if (authError !== null) return authError;
  const serialized = serializeError(error);
  const reason = slackErrorCode(error) ?? serialized.code ?? serialized.name;
  return new SlackConnectionError('unreachable', messages.startErrors.slackUnreachable(reason), { cause: error });
}

/** Returns the code of a call that Slack answered with `ok: false`. Null for every other error. */
export function slackErrorCode(error: unknown): string | null {
  return error instanceof webApi.WebAPIPlatformError ? error.data.error : null;
}
