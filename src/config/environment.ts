import { isIP } from 'node:net';
import { inspect } from 'node:util';
import { z } from 'zod';
import { defaultKeyPrefix, keyPrefixPattern } from '../domain/installation.ts';
import { messages } from '../messages/catalog.ts';
import type { EnvironmentError } from './errors.ts';
import { defaultValueOf, docsOf } from './key-docs.ts';
import type { RedisEndpoint } from './redis-url.ts';
import { redisUrlSchema } from './value-schemas.ts';

const { config: texts, variableDocs } = messages;

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The parsed environment variables. */
export interface Environment {
  /** The slash command in Slack, such as `/sync`. */
  readonly command: string;
  /** The base URL of the Slack Web API. Null when it is that of slack.com. */
  readonly slackApiUrl: string | null;
  /** The port of HTTP mode. 0: any free port. */
  readonly port: number;
  /** The address that HTTP mode listens on. Null for all interfaces. */
  readonly host: string | null;
  readonly configPath: string;
  /** How the keys of the bot's records begin. */
  readonly keyPrefix: string;
  /** `null`: no admin server. 0: any free port. */
  readonly adminPort: number | null;
  /** The address that the admin server listens on. Null for all interfaces. */
  readonly adminHost: string | null;
  readonly logLevel: LogLevel | null;
  readonly secrets: Secrets;
}

/** Values that must not be printed. The object prints and serializes as `[secret]`. */
export interface Secrets {
  readonly redis: RedisEndpoint;
  readonly slackBotToken: string | null;
  /** For Socket Mode. If set, HTTP mode is not used. */
  readonly slackAppToken: string | null;
  /** For HTTP mode. */
  readonly slackSigningSecret: string | null;
  /** Null when the audit log is not sent. */
  readonly auditWebhook: { readonly url: string; readonly secret: string } | null;
  /** `TRACEPARENT`, and the variables whose names begin with `OTEL_`. Null if no traces are sent. */
  readonly openTelemetry: Readonly<Record<string, string>> | null;
}

export type EnvironmentResult =
  | { readonly kind: 'read'; readonly environment: Environment }
  | { readonly kind: 'refused'; readonly errors: readonly EnvironmentError[] };

export const defaultRedisUrl = 'redis://127.0.0.1:6379';

/** Parses the environment. Reports all errors at once. An empty variable counts as not set. */
export function parseEnvironment(env: RawEnvironment): EnvironmentResult {
  const definedVariables: RawEnvironment = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''),
  );
  const isTracingOff = isOpenTelemetryOff(definedVariables);
  const parsed = environmentSchema.safeParse(isTracingOff ? withoutCollector(definedVariables) : definedVariables);
  if (!parsed.success) {
    return {
      kind: 'refused',
      errors: parsed.error.issues.map(({ path, message }) => toEnvironmentError(String(path[0]), message)),
    };
  }
  const values = parsed.data;
  const { AUDIT_WEBHOOK_URL: auditUrl, AUDIT_WEBHOOK_SECRET: auditSecret } = values;
  if ((auditUrl === undefined) !== (auditSecret === undefined)) {
    const missing = auditUrl === undefined ? 'AUDIT_WEBHOOK_URL' : 'AUDIT_WEBHOOK_SECRET';
    return { kind: 'refused', errors: [toEnvironmentError(missing, texts.missingAuditWebhook)] };
  }
  const environment: Environment = {
    command: values.SLACK_COMMAND,
    slackApiUrl: values.SLACK_API_URL ?? null,
    port: values.PORT,
    host: values.HOST ?? null,
    configPath: values.SYNCBOT_CONFIG,
    keyPrefix: values.SYNCBOT_PREFIX,
    adminPort: values.ADMIN_PORT ?? null,
    adminHost: values.ADMIN_HOST ?? null,
    logLevel: values.LOG_LEVEL ?? null,
    secrets: hideSecrets({
      redis: values.REDIS_URL,
      slackBotToken: values.SLACK_BOT_TOKEN ?? null,
      slackAppToken: values.SLACK_APP_TOKEN ?? null,
      slackSigningSecret: values.SLACK_SIGNING_SECRET ?? null,
      auditWebhook: auditUrl === undefined || auditSecret === undefined ? null : { url: auditUrl, secret: auditSecret },
      openTelemetry: isTracingOff ? null : openTelemetryOf(definedVariables),
    }),
  };
  return { kind: 'read', environment: Object.freeze(environment) };
}

/** The specification of OpenTelemetry ignores the case of a boolean. */
function isOpenTelemetryOff({ OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER }: RawEnvironment): boolean {
  return OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || OTEL_TRACES_EXPORTER === 'none';
}

/** The endpoints of other programs may have other forms, such as `collector:4317`. */
function withoutCollector({
  OTEL_EXPORTER_OTLP_ENDPOINT: _endpoint,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: _tracesEndpoint,
  ...variables
}: RawEnvironment): RawEnvironment {
  return variables;
}

/** Returns null if the variables name no collector. */
function openTelemetryOf(variables: RawEnvironment): Readonly<Record<string, string>> | null {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } = variables;
  const hasCollector = (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? OTEL_EXPORTER_OTLP_ENDPOINT) !== undefined;
  if (!hasCollector) return null;
  const entries = Object.entries(variables).flatMap(([name, value]) =>
    (name.startsWith('OTEL_') || name === 'TRACEPARENT') && value !== undefined ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}

/** The errors that prevent the roles `all` and `bot` from connecting to Slack. */
export function validateSlackEnvironment(environment: Environment): EnvironmentError[] {
  const { secrets, port: slackPort, host, adminPort, adminHost } = environment;
  const { slackBotToken, slackAppToken, slackSigningSecret } = secrets;
  const shareInterface = host === null || adminHost === null || host === adminHost;
  return [
    ...(slackBotToken === null ? [toEnvironmentError('SLACK_BOT_TOKEN', texts.missing)] : []),
    ...(slackAppToken === null && slackSigningSecret === null
      ? [{ name: 'SLACK_APP_TOKEN', ...texts.missingTransport }]
      : []),
    ...(slackAppToken === null && adminPort === slackPort && slackPort !== 0 && shareInterface
      ? [{ name: 'ADMIN_PORT', ...texts.portConflict }]
      : []),
  ];
}

const port = z
  .string()
  .trim()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, texts.notPort)
  .transform(Number);

/** An IP address without brackets, or the name of a host. */
const host = z
  .string()
  .trim()
  .refine((text) => isIP(text) > 0 || /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(text), texts.notHost);

/** `prefix` is how Slack starts tokens of this kind. `null`: the value is not a token. */
const token = (prefix: string | null) =>
  z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]+$/, texts.unprintableToken)
    .refine(
      (text) => (prefix !== null && text.startsWith(prefix)) || !/^x(ox[a-z]|app)-/.test(text),
      texts.wrongTokenKind,
    );

const webUrl = z
  .string()
  .trim()
  .refine((text) => /^https?:\/\//i.test(text) && URL.canParse(text), texts.notWebUrl);

/** `fetch` sends no request to a URL with credentials. */
const signedUrl = webUrl.refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url === null || (url.username === '' && url.password === '');
}, texts.urlWithCredentials);

const slashCommand = z
  .string()
  .trim()
  .regex(/^\/[a-z0-9_-]{1,31}$/, texts.notSlashCommand);

/** As in the Standard Webhooks specification: 24 to 64 bytes in base64. */
const webhookSecret = z
  .string()
  .trim()
  .regex(/^whsec_(?:[A-Za-z0-9+/]{4}){8,21}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, texts.notWebhookSecret);

const keyPrefix = z.string().trim().regex(keyPrefixPattern, texts.notKeyPrefix);

const logLevel = z.string().trim().toLowerCase().pipe(z.enum(logLevels, texts.notLogLevel));

const environmentSchema = z.object({
  SLACK_BOT_TOKEN: token('xoxb-').optional().meta(variableDocs.SLACK_BOT_TOKEN),
  SLACK_APP_TOKEN: token('xapp-').optional().meta(variableDocs.SLACK_APP_TOKEN),
  SLACK_SIGNING_SECRET: token(null).optional().meta(variableDocs.SLACK_SIGNING_SECRET),
  SLACK_API_URL: webUrl.optional().meta(variableDocs.SLACK_API_URL),
  SLACK_COMMAND: slashCommand.default('/sync').meta(variableDocs.SLACK_COMMAND),
  PORT: port.default(3_000).meta(variableDocs.PORT),
  HOST: host.optional().meta(variableDocs.HOST),
  REDIS_URL: redisUrlSchema.prefault(defaultRedisUrl).meta(variableDocs.REDIS_URL),
  SYNCBOT_PREFIX: keyPrefix.default(defaultKeyPrefix).meta(variableDocs.SYNCBOT_PREFIX),
  SYNCBOT_CONFIG: z.string().default('syncbot.yml').meta(variableDocs.SYNCBOT_CONFIG),
  ADMIN_PORT: port.optional().meta(variableDocs.ADMIN_PORT),
  ADMIN_HOST: host.optional().meta(variableDocs.ADMIN_HOST),
  AUDIT_WEBHOOK_URL: signedUrl.optional().meta(variableDocs.AUDIT_WEBHOOK_URL),
  AUDIT_WEBHOOK_SECRET: webhookSecret.optional().meta(variableDocs.AUDIT_WEBHOOK_SECRET),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional().meta(variableDocs.OTEL_EXPORTER_OTLP_ENDPOINT),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: webUrl.optional().meta(variableDocs.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT),
  LOG_LEVEL: logLevel.optional().meta(variableDocs.LOG_LEVEL(logLevels)),
});

export interface EnvironmentVariable {
  readonly name: string;
  /** As a user would write it. `null`: no default. */
  readonly defaultValue: string | null;
  /** What to write. */
  readonly hint: string;
  /** What the variable is for. */
  readonly description: string;
}

/** Every variable that syncbot reads, in the order of the schema. */
export const environmentVariables: readonly EnvironmentVariable[] = Object.entries(environmentSchema.shape).map(
  ([name, variable]) => {
    const { hint = '', description = '' } = docsOf(variable);
    return { name, defaultValue: defaultValueOf(variable) ?? null, hint, description };
  },
);

function toEnvironmentError(name: string, message: string): EnvironmentError {
  const hint = environmentVariables.find((variable) => variable.name === name)?.hint ?? '';
  return { name, message, hint };
}

/** The same secrets, except that they print, log and serialize as `[secret]`. */
function hideSecrets(secrets: Secrets): Secrets {
  const placeholder = { value: () => '[secret]', enumerable: false };
  return Object.freeze(Object.defineProperties({ ...secrets }, { toJSON: placeholder, [inspect.custom]: placeholder }));
}
