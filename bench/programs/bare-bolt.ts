// The floor of `ack`: a Bolt app with the same receiver as syncbot's, whose listener acks and does nothing else.
import { App, LogLevel, SocketModeReceiver } from '@slack/bolt';

const { SLACK_BOT_TOKEN: token = '', SLACK_APP_TOKEN: appToken = '', SLACK_API_URL: slackApiUrl = '' } = process.env;

const receiver = new SocketModeReceiver({
  appToken,
  logLevel: LogLevel.ERROR,
  installerOptions: { clientOptions: { slackApiUrl } },
});
const app = new App({ token, receiver, logLevel: LogLevel.ERROR, convoStore: false, clientOptions: { slackApiUrl } });
app.command('/sync', async ({ ack }) => ack());
await app.start();
process.send?.('ready');
