import { redactText } from './redact.ts';
import { serializeError, stackFrames } from './serialize-error.ts';

/** Keys whose values are never logged, at any depth, in any case, with any separator between the words. */
export const redactedKeys: readonly string[] = [
  ...[
    'token',
    'botToken',
    'appToken',
    'accessToken',
    'refreshToken',
    'signingSecret',
    'secret',
    'secrets',
    'password',
    'sentinelPassword',
  ],
  ...['authorization', 'cookie', 'setCookie', 'xSlackSignature', 'headers', 'rawHeaders'],
  ...['url', 'responseUrl', 'redisUrl', 'connections', 'triggerId'],
  ...['host', 'hostname', 'address', 'email', 'body', 'payload', 'data', 'args', 'command_args', 'returnvalue'],
];

const redacted: ReadonlySet<string> = new Set(redactedKeys.map(normalizeKey));
const maxDepth = 6;
const maxItems = 1_000;

/** Redacts the fields of a log line. Never throws. */
export function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  try {
    return redactObject(fields, 0);
  } catch {
    return { unreadable: true };
  }
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return serializeError(value, depth);
  if (depth >= maxDepth) return '[deeper]';
  if (ArrayBuffer.isView(value)) return '[bytes]';
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => redactValue(item, depth + 1));
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactValue(value.toJSON(), depth + 1);
  return redactObject(value, depth + 1);
}

function redactObject(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => [
    redactText(name),
    redacted.has(normalizeKey(name)) ? '[redacted]' : redactField(name, inner, depth),
  ]);
  return Object.fromEntries(entries);
}

/** A serialized error has a `stack`. Its frames look like hosts with ports, so redactText would mask them. */
function redactField(name: string, value: unknown, depth: number): unknown {
  return name === 'stack' && typeof value === 'string' ? stackFrames(value) : redactValue(value, depth);
}

function normalizeKey(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
