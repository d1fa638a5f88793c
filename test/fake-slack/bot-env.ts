import type { FakeSlack } from './fake-slack.ts';

/** What `syncbot` is told of this Slack, which is to reach it over sockets. */
export function socketModeEnv({ apiUrl, botToken, appToken }: FakeSlack) {
  return { SLACK_API_URL: apiUrl, SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken };
}

/** The same, over HTTP at this port. */
export function httpModeEnv({ apiUrl, botToken, signingSecret }: FakeSlack, port: number) {
  return {
    SLACK_API_URL: apiUrl,
    SLACK_BOT_TOKEN: botToken,
    SLACK_SIGNING_SECRET: signingSecret,
    PORT: String(port),
  };
}
