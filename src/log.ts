import { type DestinationStream, type Logger, pino } from 'pino';
import { maskReason } from './domain/mask.ts';

export type { Logger } from 'pino';

/** Fields that never reach a log line, wherever they stand in its first three levels. */
const secretFields = [
  'token',
  'botToken',
  'appToken',
  'signingSecret',
  'password',
  'secrets',
  'authorization',
  'cookie',
  'response_url',
  'responseUrl',
  'url',
  'trigger_id',
  'redisUrl',
  'connections',
];

/** A logger that writes JSON lines: a constant sentence with fields. Secrets are redacted here, at the root. */
export function createLogger({ level, to }: { readonly level: string; readonly to?: DestinationStream }): Logger {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: scrubbedFields },
    serializers: { err: loggedError, error: loggedError },
    redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
  };
  return pino(options, to ?? pino.destination({ dest: 2, sync: true }));
}

/** An error without what it quotes: name, code, its masked first line and where it came from. */
function loggedError(error: unknown, depth = 0): unknown {
  if (typeof error === 'string') return maskReason(scrubbedText(error));
  if (!(error instanceof Error)) return scrubbed(error, depth);
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    name: error.name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    message: maskReason(scrubbedText(error.message)),
    ...(depth === 0 ? { stack: frames.map((frame) => frame.trim()).join('\n') } : {}),
    ...(error.cause === undefined || depth >= 3 ? {} : { cause: loggedError(error.cause, depth + 1) }),
  };
}

function scrubbedFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, scrubbed(value, 0)]));
}

const deepest = 6;

/** Takes tokens and addresses with a user or password in them out of every text. */
function scrubbed(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubbedText(value);
  if (value instanceof Error) return depth === 0 ? value : loggedError(value, depth);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= deepest) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => scrubbed(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return scrubbed(value.toJSON(), depth + 1);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scrubbed(inner, depth + 1)]));
}

function scrubbedText(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1[redacted]@')
    .replace(/\bx(?:ox[a-z]?|app)-[\w-]+/gi, '[redacted]')
    .replace(/\bhttps:\/\/hooks\.slack\.com\/\S+/gi, '[redacted]');
}
