import { nowSeconds, signRequest } from '../../fake-slack/request-signing.ts';
import { connectRawClient, type RawClient } from '../../support/raw-http-client.ts';
import { createSlackAppFixture, type SlackAppFixture } from '../slack-app-fixture.ts';

/** The body of a command. Nothing listens at its response URL. */
export const commandBody = (text = 'help') =>
  `command=%2Fsync&user_id=U0ALICE&team_id=T0SYNC&channel_id=C0SYNC&text=${encodeURIComponent(text)}&response_url=${encodeURIComponent('http://127.0.0.1:1/commands/1')}`;

/** A bot in HTTP mode, without Redis behind it. */
export interface HttpReceiverFixture extends AsyncDisposable {
  readonly appFixture: SlackAppFixture;
  readonly port: number;
  connect(): Promise<RawClient>;
  sign<Body extends string | Buffer>(body: Body, timestamp?: number): { headers: Record<string, string>; body: Body };
  logMessages(): string[];
}

export async function startHttpReceiverFixture(): Promise<HttpReceiverFixture> {
  const appFixture = await createSlackAppFixture(
    {},
    { transport: ({ signingSecret }) => ({ kind: 'http', signingSecret, port: 0, host: null }) },
  );
  await appFixture.slackApp.start();
  const { logLines } = appFixture.dependencies;
  const logLine = logLines.find(({ message }) => message === 'listening for Slack');
  const port = Number(Object(logLine?.fields)['port']);
  return {
    appFixture,
    port,
    connect: () => connectRawClient(port),
    sign: (body, timestamp = nowSeconds()) =>
      signRequest(body, { signingSecret: appFixture.slack.signingSecret, timestamp }),
    logMessages: () => logLines.map(({ message }) => message),
    [Symbol.asyncDispose]: () => appFixture[Symbol.asyncDispose](),
  };
}
