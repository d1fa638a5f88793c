import type { FakeSlack } from './fake-slack.ts';

/** The environment of a bot that uses this fake in Socket Mode. */
export function socketModeEnv({ apiUrl, botToken, appToken }: FakeSlack) {
  return { SLACK_API_URL: apiUrl, SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken };
}

/** The environment of a bot that uses this fake in HTTP mode and listens on this port. */
export function httpModeEnv({ apiUrl, botToken, signingSecret }: FakeSlack, port: number) {
  return {
    SLACK_API_URL: apiUrl,
    SLACK_BOT_TOKEN: botToken,
    SLACK_SIGNING_SECRET: signingSecret,
    PORT: String(port),
  };
}
