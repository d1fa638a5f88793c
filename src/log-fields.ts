import { framesOf } from './domain/frames.ts';
import { loggedFault } from './domain/logged-fault.ts';
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
  if (value instanceof Error) return loggedFault(value, depth);
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

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
