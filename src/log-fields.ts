import { framesOf } from './domain/frames.ts';
import { maskReason } from './domain/mask.ts';
import { loggableText } from './domain/secrets.ts';

/** Fields that never reach a log line, wherever they stand, in whatever case, with whatever between their words. */
export const secretNames: readonly string[] = [
  ...['token', 'botToken', 'appToken', 'accessToken', 'refreshToken', 'signingSecret', 'secret', 'secrets', 'password'],
  ...['authorization', 'cookie', 'setCookie', 'xSlackSignature', 'headers', 'rawHeaders'],
  ...['url', 'responseUrl', 'redisUrl', 'connections', 'triggerId'],
  ...['host', 'hostname', 'address', 'email', 'body', 'payload', 'data', 'args', 'command_args', 'returnvalue'],
];

const secret: ReadonlySet<string> = new Set(secretNames.map(plainName));
const deepest = 6;
const mostItems = 1_000;

/** The fields of a line as they may be written. Never throws. */
export function loggableFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return objectOf(fields, 0);
  } catch {
    return { unreadable: true };
  }
}

function loggable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return loggableText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return loggableError(value, depth);
  if (depth >= deepest) return '[deeper]';
  if (ArrayBuffer.isView(value)) return '[bytes]';
  if (Array.isArray(value)) return value.slice(0, mostItems).map((item) => loggable(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return loggable(value.toJSON(), depth + 1);
  return objectOf(value, depth + 1);
}

function objectOf(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
    loggableText(name),
    secret.has(plainName(name)) ? '[redacted]' : field(name, inner, depth),
  ]);
  return Object.fromEntries(entries);
}

/** The stack of an error that somebody has made loggable before: frames look like hosts with ports. */
function field(name: string, value: unknown, depth: number): unknown {
  return name === 'stack' && typeof value === 'string' ? framesOf(value) : loggable(value, depth);
}

/** An error without what it quotes and what it carries: name, code, its masked first line, where it came from, its cause. */
function loggableError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    name: loggableText(String(name)),
    ...('code' in error && typeof error.code === 'string' ? { code: loggableText(error.code) } : {}),
    message: maskReason(String(message)),
    ...(depth === 0 && stack !== undefined ? { stack: framesOf(stack) } : {}),
    ...(cause === undefined || depth >= 3 ? {} : { cause: loggable(causeOf(cause), depth + 1) }),
  };
}

/** What is thrown may be a text, and quotes as a message does. */
function causeOf(cause: unknown): unknown {
  return typeof cause === 'string' ? maskReason(cause) : cause;
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
