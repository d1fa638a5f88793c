import type { KeyDocs } from '../facts.ts';

/** The environment variables. */
export const variableDocs = {
  SLACK_BOT_TOKEN: {
    hint: "Copy the Bot User OAuth Token (xoxb-…) from the app's OAuth & Permissions page.",
    description: 'The bot token (`xoxb-…`). Needed by `run` in the roles `all` and `bot`. `doctor` checks it.',
  },
  SLACK_APP_TOKEN: {
    hint: 'Create an app-level token (xapp-…, scope connections:write) for Socket Mode.',
    description: 'The app-level token (`xapp-…`, scope `connections:write`) for Socket Mode.',
  },
  SLACK_SIGNING_SECRET: {
    hint: "Copy the Signing Secret from the app's Basic Information page.",
    description: 'The signing secret for HTTP mode. Not used if `SLACK_APP_TOKEN` is set.',
  },
  SLACK_API_URL: {
    hint: 'Leave it out, unless the Slack Web API has another URL, such as http://127.0.0.1:3000/api/.',
    description: 'The base URL of the Slack Web API, if it is not https://slack.com/api/.',
  },
  SLACK_COMMAND: {
    hint: 'Write the command as in the app: "/" and up to 31 of a-z, 0-9, "-" and "_", such as /sync.',
    description: 'The name of the slash command, as in the manifest.',
  },
  PORT: {
    hint: 'Write a number up to 65535, such as 3000.',
    description: 'The port of HTTP mode, with `/slack/events`. 0: any free port; the log names it.',
  },
  HOST: {
    hint: 'Write the address of one interface, such as 127.0.0.1 or ::1, or leave it out.',
    description: 'The address that HTTP mode listens on. Without it: all interfaces.',
  },
  REDIS_URL: { description: "The bot's Redis. It also holds the links that name no other connection." },
  SYNCBOT_PREFIX: {
    hint: 'Write up to 63 of a-z, 0-9, "-" and "_", such as syncbot-staging.',
    description:
      "How the keys of the bot's records begin. Each of several syncbots on one Redis needs its own prefix. All processes of one syncbot have the same.",
  },
  SYNCBOT_CONFIG: {
    hint: 'Write the path of the file or folder, such as syncbot.yml.',
    description: 'The path of `syncbot.yml`, or of a folder whose `*.yml` and `*.yaml` files are it together.',
  },
  ADMIN_PORT: {
    hint: 'Write a number up to 65535, such as 9090, or leave it out.',
    description:
      'The port of `/healthz`, `/readyz` and `/metrics`, without authentication. 0: any free port. Off unless set. Only `run` serves them.',
  },
  ADMIN_HOST: {
    hint: 'Write the address of one interface, such as 127.0.0.1 or ::1, or leave it out.',
    description: 'The address that `ADMIN_PORT` is opened on. Without it: all interfaces.',
  },
  AUDIT_WEBHOOK_URL: {
    hint: 'Write the URL of the receiver, such as https://audit.example.com/syncbot, or leave out both variables.',
    description:
      'Where bots send the [audit log](who-did-what.md#audit-webhook), with `AUDIT_WEBHOOK_SECRET`. Without it nothing is sent.',
  },
  AUDIT_WEBHOOK_SECRET: {
    hint: 'Create one with: echo "whsec_$(openssl rand -base64 32)". The receiver needs the same.',
    description: 'The key that signs what bots send to `AUDIT_WEBHOOK_URL`: `whsec_` and 24 to 64 bytes in base64.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    hint: 'Write the URL of an OpenTelemetry collector, such as http://127.0.0.1:4318, or leave it out.',
    description:
      'The OpenTelemetry collector that gets traces, by HTTP. No traces unless set. Other `OTEL_` variables count as well, such as `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_SERVICE_NAME`.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    hint: 'Write a URL with its path, such as http://127.0.0.1:4318/v1/traces, or leave it out.',
    description: 'The same for traces only: the whole URL, with `/v1/traces`.',
  },
  LOG_LEVEL: (levels: readonly string[]) => ({
    hint: `Write one of ${levels.join(', ')}.`,
    description: `One of ${levels.map((level) => `\`${level}\``).join(', ')}. Without it, \`run\` logs from \`info\` up and other commands log nothing.`,
  }),
} satisfies Record<string, KeyDocs | ((values: readonly string[]) => KeyDocs)>;
