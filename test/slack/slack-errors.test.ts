import { webApi } from '@slack/bolt';
import { describe, expect, it } from 'vitest';
import { SlackConnectionError } from '../../src/slack/slack-connection-error.ts';
import { isAuthError, toAuthError, toSlackConnectionError } from '../../src/slack/slack-errors.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';

/** The error of a call that Slack answers with this code. */
async function refusedCall(error: string): Promise<unknown> {
  await using slack = await FakeSlack.start();
  slack.injectFault({ method: 'auth.test', error });
  const client = new webApi.WebClient(slack.botToken, { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } });
  return await client.auth.test().catch((reason: unknown) => reason);
}

describe('a call with a token that does not suffice', () => {
  it.each([
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
  ])('has the code %s, and no retry helps', async (code) => {
    const error = await refusedCall(code);
    expect(isAuthError(code)).toBe(true);
    expect(toAuthError(error, 'bot')).toMatchObject({
      name: 'SlackConnectionError',
      code,
      message: expect.stringContaining(`(${code}): check that SLACK_BOT_TOKEN`),
      cause: error,
    });
    expect(toSlackConnectionError(error, 'app').message).toContain('SLACK_APP_TOKEN');
  });
});

it('Another code of Slack is named, and a retry may help.', async () => {
  const error = await refusedCall('internal_error');
  expect(toAuthError(error, 'bot')).toBeNull();
  expect(toSlackConnectionError(error, 'bot')).toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('Slack could not be reached (internal_error)'),
    cause: error,
  });
});

it.each([
  [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new TypeError('fetch failed'), 'TypeError'],
])('Without an answer of Slack the code of the error or its name is given: %o', (error, code) => {
  expect(toAuthError(error, 'bot')).toBeNull();
  expect(toSlackConnectionError(error, 'bot').message).toContain(`(${code})`);
});

it('An error that has a sentence already is kept.', () => {
  const error = new SlackConnectionError('port', 'Port 3000 is taken.');
  expect(toSlackConnectionError(error, 'bot')).toBe(error);
});
