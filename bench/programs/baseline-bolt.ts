// The baseline of benchmark a: a Bolt app with the same receiver as syncbot. Its listener only acknowledges.
import { App, HTTPReceiver, LogLevel, SocketModeReceiver } from '@slack/bolt';

const { SLACK_BOT_TOKEN: token = '', SLACK_APP_TOKEN: appToken, SLACK_API_URL: slackApiUrl = '' } = process.env;
const { SLACK_SIGNING_SECRET: signingSecret = '', PORT = '' } = process.env;

const logLevel = LogLevel.ERROR;
const receiver =
  appToken === undefined
    ? new HTTPReceiver({ signingSecret, logLevel })
    : new SocketModeReceiver({ appToken, logLevel, installerOptions: { clientOptions: { slackApiUrl } } });
const app = new App({ token, receiver, logLevel, convoStore: false, clientOptions: { slackApiUrl } });
app.command('/sync', async ({ ack }) => ack());
await app.start(Number(PORT));
process.send?.('ready');
