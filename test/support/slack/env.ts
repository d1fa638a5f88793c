import type { StrictSlack } from './strict-slack.ts';

/** What `syncbot` is told of this Slack, which is to reach it over sockets. */
export function socketEnv({ apiUrl, botToken, appToken }: StrictSlack) {
  return { SLACK_API_URL: apiUrl, SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken };
}

/** The same, over HTTP at this port. */
export function httpEnv({ apiUrl, botToken, signingSecret }: StrictSlack, port: number) {
  return {
    SLACK_API_URL: apiUrl,
    SLACK_BOT_TOKEN: botToken,
    SLACK_SIGNING_SECRET: signingSecret,
    PORT: String(port),
  };
}
