import { inspect } from 'node:util';
import { z } from 'zod';
import type { EnvironmentError } from './errors.ts';
import { describe, docsOf } from './key-docs.ts';
import { redisUrl } from './key-types.ts';
import type { RedisEndpoint } from './redis-url.ts';

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The environment, read once. What may not be printed stands in `secrets`. */
export interface Environment {
  /** The command in Slack, such as `/sync`. */
  readonly command: string;
  /** Another Slack, as the local one; null: the real one. */
  readonly slackApiUrl: string | null;
  /** Where HTTP mode listens; 0: on a free port. */
  readonly port: number;
  readonly configPath: string;
  /** Null: no admin server. */
  readonly adminPort: number | null;
  /** Null: not set. */
  readonly logLevel: LogLevel | null;
  readonly secrets: Secrets;
}

/** Prints and serializes as `[secret]`. */
export interface Secrets {
  readonly redis: RedisEndpoint;
  readonly slackBotToken: string | null;
  /** Socket Mode, which wins when the signing secret is set as well. */
  readonly slackAppToken: string | null;
  readonly slackSigningSecret: string | null;
}

export type EnvironmentResult =
  | { readonly kind: 'read'; readonly environment: Environment }
  | { readonly kind: 'refused'; readonly errors: readonly EnvironmentError[] };

export const defaultRedisUrl = 'redis://127.0.0.1:6379';

/** Reads the environment whole and names every fault at once. A variable that is set to nothing counts as not set. */
export function parseEnvironment(env: RawEnvironment): EnvironmentResult {
  const definedVariables = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const parsed = environmentSchema.safeParse(definedVariables);
  if (!parsed.success) {
    return {
      kind: 'refused',
      errors: parsed.error.issues.map(({ path, message }) => toEnvironmentError(String(path[0]), message)),
    };
  }
  const values = parsed.data;
  const environment: Environment = {
    command: values.SLACK_COMMAND,
    slackApiUrl: values.SLACK_API_URL ?? null,
    port: values.PORT,
    configPath: values.SYNCBOT_CONFIG,
    adminPort: values.ADMIN_PORT ?? null,
    logLevel: values.LOG_LEVEL ?? null,
    secrets: hideSecrets({
      redis: values.REDIS_URL,
      slackBotToken: values.SLACK_BOT_TOKEN ?? null,
      slackAppToken: values.SLACK_APP_TOKEN ?? null,
      slackSigningSecret: values.SLACK_SIGNING_SECRET ?? null,
    }),
  };
  return { kind: 'read', environment: Object.freeze(environment) };
}

/** What the bot's role misses to talk to Slack, or nothing. */
export function validateSlackEnvironment({ secrets, port: slackPort, adminPort }: Environment): EnvironmentError[] {
  const { slackBotToken, slackAppToken, slackSigningSecret } = secrets;
  return [
    ...(slackBotToken === null ? [toEnvironmentError('SLACK_BOT_TOKEN', 'is missing')] : []),
    ...(slackAppToken === null && slackSigningSecret === null ? [missingTransport] : []),
    ...(slackAppToken === null && adminPort === slackPort && slackPort !== 0 ? [portConflict] : []),
  ];
}

const portSchema = z
  .string()
  .trim()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, { error: 'is no port' })
  .transform(Number);

/** `begins`: with what Slack begins each token of this kind; null: it is no token, and begins as none. */
const tokenSchema = (prefix: string | null) =>
  z
    .string()
    .trim()
    .refine((text) => /^[\x21-\x7e]+$/.test(text), { error: 'has blanks or unprintable characters in it' })
    .refine((text) => (prefix !== null && text.startsWith(prefix)) || !/^x(ox[a-z]|app)-/.test(text), {
      error: 'is a token of another kind',
    });

const urlSchema = z
  .string()
  .trim()
  .refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), { error: 'is no web address' });

const slashCommandSchema = z
  .string()
  .trim()
  .regex(/^\/[a-z0-9_-]{1,31}$/, 'is no slash command');

const logLevelSchema = z.string().trim().toLowerCase().pipe(z.enum(logLevels, 'is no level'));

const environmentSchema = z.object({
  SLACK_BOT_TOKEN: describe(tokenSchema('xoxb-').optional(), {
    hint: "Take the Bot User OAuth Token (xoxb-…) from the app's OAuth & Permissions page.",
    description: 'The bot token (`xoxb-…`). Needed by `run` in the roles `all` and `bot`; `doctor` checks it.',
  }),
  SLACK_APP_TOKEN: describe(tokenSchema('xapp-').optional(), {
    hint: 'Take an app-level token (xapp-…, scope connections:write) for Socket Mode.',
    description: 'The app-level token (`xapp-…`, scope `connections:write`) of Socket Mode.',
  }),
  SLACK_SIGNING_SECRET: describe(tokenSchema(null).optional(), {
    hint: "Take the Signing Secret from the app's Basic Information page.",
    description:
      'The signing secret of HTTP mode, when there is no `SLACK_APP_TOKEN`: Socket Mode wins when both are set.',
  }),
  SLACK_API_URL: describe(urlSchema.optional(), {
    hint: 'Leave it out, unless you use another Slack such as http://127.0.0.1:3000/api/.',
    description: 'Another Slack than slack.com, such as the local one of the demo.',
  }),
  SLACK_COMMAND: describe(slashCommandSchema.default('/sync'), {
    hint: 'Write it as in the app: "/" and up to 31 of a-z, 0-9, "-" and "_", such as /sync.',
    description: 'The name of the command, as it is in the manifest.',
  }),
  PORT: describe(portSchema.default(3_000), {
    hint: 'Write a number up to 65535, such as 3000.',
    description: 'Where HTTP mode listens, at `/slack/events`; 0: a free one, named in the log.',
  }),
  REDIS_URL: describe(redisUrl.prefault(defaultRedisUrl), {
    description: "The bot's Redis. Links live there too unless they name another connection.",
  }),
  SYNCBOT_CONFIG: describe(z.string().default('syncbot.yml'), {
    hint: 'Write the path of the file, such as syncbot.yml.',
    description: 'The path of `syncbot.yml`.',
  }),
  ADMIN_PORT: describe(portSchema.optional(), {
    hint: 'Write a number up to 65535, such as 9090, or leave it out.',
    description:
      'Where `/healthz`, `/readyz` and `/metrics` are served, on all interfaces and to everybody; 0: a free one. Off unless it is set; only `run` serves them.',
  }),
  LOG_LEVEL: describe(logLevelSchema.optional(), {
    hint: `Write one of ${logLevels.join(', ')}.`,
    description: `One of ${logLevels.map((level) => `\`${level}\``).join(', ')}. Without it \`run\` logs from \`info\` up, other commands nothing.`,
  }),
});

const portConflict: EnvironmentError = {
  name: 'ADMIN_PORT',
  message: 'is the port at which Slack is listened for',
  hint: 'Set PORT or ADMIN_PORT to another one.',
};

/** One sentence for both ways. */
const missingTransport: EnvironmentError = {
  name: 'SLACK_APP_TOKEN',
  message: 'is missing, and so is SLACK_SIGNING_SECRET',
  hint: 'Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP at /slack/events on PORT.',
};

export interface EnvironmentVariable {
  readonly name: string;
  /** As it would be written; null: none. */
  readonly defaultValue: string | null;
  /** What to write. */
  readonly hint: string;
  /** What it is for. */
  readonly description: string;
}

/** Every variable that is read, in the order of the schema. */
export const environmentVariables: readonly EnvironmentVariable[] = Object.entries(environmentSchema.shape).map(
  ([name, variable]) => {
    const { hint = '', description = '' } = docsOf(variable);
    return { name, defaultValue: defaultValueOf(variable), hint, description };
  },
);

function defaultValueOf(variable: z.core.$ZodType): string | null {
  if (!(variable instanceof z.ZodDefault || variable instanceof z.ZodPrefault)) return null;
  return String(variable.def.defaultValue);
}

function toEnvironmentError(name: string, message: string): EnvironmentError {
  const hint = environmentVariables.find((variable) => variable.name === name)?.hint ?? '';
  return { name, message, hint };
}

/** The secrets themselves, but printed, logged or serialized they are one word. */
function hideSecrets(secrets: Secrets): Secrets {
  const placeholder = { value: () => '[secret]', enumerable: false };
  return Object.freeze(Object.defineProperties({ ...secrets }, { toJSON: placeholder, [inspect.custom]: placeholder }));
}
