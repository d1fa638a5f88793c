import { inspect } from 'node:util';
import { z } from 'zod';
import type { RedisTarget } from '../redis-address.ts';
import type { EnvironmentFault } from './fault.ts';
import { factsOf, know } from './key-facts.ts';
import { redisUrl } from './key-kinds.ts';

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
  readonly redis: RedisTarget;
  readonly slackBotToken: string | null;
  /** Socket Mode, which wins when the signing secret is set as well. */
  readonly slackAppToken: string | null;
  readonly slackSigningSecret: string | null;
}

export type EnvironmentRead =
  | { readonly kind: 'read'; readonly environment: Environment }
  | { readonly kind: 'refused'; readonly faults: readonly EnvironmentFault[] };

export const defaultRedisUrl = 'redis://127.0.0.1:6379';

/** Reads the environment whole and names every fault at once. A variable that is set to nothing counts as not set. */
export function readEnvironment(env: RawEnvironment): EnvironmentRead {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    return {
      kind: 'refused',
      faults: parsed.error.issues.map(({ path, message }) => faultOf(String(path[0]), message)),
    };
  }
  const read = parsed.data;
  const environment: Environment = {
    command: read.SLACK_COMMAND,
    slackApiUrl: read.SLACK_API_URL ?? null,
    port: read.PORT,
    configPath: read.SYNCBOT_CONFIG,
    adminPort: read.ADMIN_PORT ?? null,
    logLevel: read.LOG_LEVEL ?? null,
    secrets: sealed({
      redis: read.REDIS_URL,
      slackBotToken: read.SLACK_BOT_TOKEN ?? null,
      slackAppToken: read.SLACK_APP_TOKEN ?? null,
      slackSigningSecret: read.SLACK_SIGNING_SECRET ?? null,
    }),
  };
  return { kind: 'read', environment: Object.freeze(environment) };
}

/** What the bot's role misses to talk to Slack, or nothing. */
export function slackFaults({ secrets, port: slackPort, adminPort }: Environment): EnvironmentFault[] {
  const { slackBotToken, slackAppToken, slackSigningSecret } = secrets;
  return [
    ...(slackBotToken === null ? [faultOf('SLACK_BOT_TOKEN', 'is missing')] : []),
    ...(slackAppToken === null && slackSigningSecret === null ? [noWay] : []),
    ...(slackAppToken === null && adminPort === slackPort && slackPort !== 0 ? [samePort] : []),
  ];
}

const port = z
  .string()
  .trim()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, { error: 'is no port' })
  .transform(Number);

/** `begins`: with what Slack begins each token of this kind; null: it is no token, and begins as none. */
const token = (begins: string | null) =>
  z
    .string()
    .trim()
    .refine((text) => /^[\x21-\x7e]+$/.test(text), { error: 'has blanks or unprintable characters in it' })
    .refine((text) => (begins !== null && text.startsWith(begins)) || !/^x(ox[a-z]|app)-/.test(text), {
      error: 'is a token of another kind',
    });

const webAddress = z
  .string()
  .trim()
  .refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), { error: 'is no web address' });

const slashCommand = z
  .string()
  .trim()
  .regex(/^\/[a-z0-9_-]{1,31}$/, 'is no slash command');

const logLevel = z.string().trim().toLowerCase().pipe(z.enum(logLevels, 'is no level'));

const schema = z.object({
  SLACK_BOT_TOKEN: know(token('xoxb-').optional(), {
    hint: "Take the Bot User OAuth Token (xoxb-…) from the app's OAuth & Permissions page.",
    means: 'The bot token (`xoxb-…`). Needed by `run` in the roles `all` and `bot`; `doctor` checks it.',
  }),
  SLACK_APP_TOKEN: know(token('xapp-').optional(), {
    hint: 'Take an app-level token (xapp-…, scope connections:write) for Socket Mode.',
    means: 'The app-level token (`xapp-…`, scope `connections:write`) of Socket Mode.',
  }),
  SLACK_SIGNING_SECRET: know(token(null).optional(), {
    hint: "Take the Signing Secret from the app's Basic Information page.",
    means: 'The signing secret of HTTP mode, when there is no `SLACK_APP_TOKEN`: Socket Mode wins when both are set.',
  }),
  SLACK_API_URL: know(webAddress.optional(), {
    hint: 'Leave it out, unless you use another Slack such as http://127.0.0.1:3000/api/.',
    means: 'Another Slack than slack.com, such as the local one of the demo.',
  }),
  SLACK_COMMAND: know(slashCommand.default('/sync'), {
    hint: 'Write it as in the app: "/" and up to 31 of a-z, 0-9, "-" and "_", such as /sync.',
    means: 'The name of the command, as it is in the manifest.',
  }),
  PORT: know(port.default(3_000), {
    hint: 'Write a number up to 65535, such as 3000.',
    means: 'Where HTTP mode listens, at `/slack/events`; 0: a free one, named in the log.',
  }),
  REDIS_URL: know(redisUrl.prefault(defaultRedisUrl), {
    means: "The bot's Redis. Links live there too unless they name another connection.",
  }),
  SYNCBOT_CONFIG: know(z.string().default('syncbot.yml'), {
    hint: 'Write the path of the file, such as syncbot.yml.',
    means: 'The path of `syncbot.yml`.',
  }),
  ADMIN_PORT: know(port.optional(), {
    hint: 'Write a number up to 65535, such as 9090, or leave it out.',
    means:
      'Where `/healthz`, `/readyz` and `/metrics` are served, on all interfaces and to everybody; 0: a free one. Off unless it is set; only `run` serves them.',
  }),
  LOG_LEVEL: know(logLevel.optional(), {
    hint: `Write one of ${logLevels.join(', ')}.`,
    means: `One of ${logLevels.map((level) => `\`${level}\``).join(', ')}. Without it \`run\` logs from \`info\` up, other commands nothing.`,
  }),
});

const samePort: EnvironmentFault = {
  name: 'ADMIN_PORT',
  message: 'is the port at which Slack is listened for',
  hint: 'Set PORT or ADMIN_PORT to another one.',
};

/** One sentence for both ways. */
const noWay: EnvironmentFault = {
  name: 'SLACK_APP_TOKEN',
  message: 'is missing, and so is SLACK_SIGNING_SECRET',
  hint: 'Set SLACK_APP_TOKEN (xapp-…) for Socket Mode, or SLACK_SIGNING_SECRET for HTTP at /slack/events on PORT.',
};

export interface Variable {
  readonly name: string;
  /** As it would be written; null: none. */
  readonly unless: string | null;
  /** What to write. */
  readonly hint: string;
  /** What it is for. */
  readonly means: string;
}

/** Every variable that is read, in the order of the schema. */
export const environmentVariables: readonly Variable[] = Object.entries(schema.shape).map(([name, variable]) => {
  const { hint = '', means = '' } = factsOf(variable);
  return { name, unless: unlessSet(variable), hint, means };
});

function unlessSet(variable: z.core.$ZodType): string | null {
  if (!(variable instanceof z.ZodDefault || variable instanceof z.ZodPrefault)) return null;
  return String(variable.def.defaultValue);
}

function faultOf(name: string, message: string): EnvironmentFault {
  const hint = environmentVariables.find((variable) => variable.name === name)?.hint ?? '';
  return { name, message, hint };
}

/** The secrets themselves, but printed, logged or serialized they are one word. */
function sealed(secrets: Secrets): Secrets {
  const hidden = { value: () => '[secret]', enumerable: false };
  return Object.freeze(Object.defineProperties({ ...secrets }, { toJSON: hidden, [inspect.custom]: hidden }));
}
