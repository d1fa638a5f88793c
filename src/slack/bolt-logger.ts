import { type Logger as BoltLogger, LogLevel } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { maskFailureReason } from '../logging/redact.ts';
import { serializeError } from '../logging/serialize-error.ts';

/**
 * Bolt's logger on ours, from warnings up whatever Bolt asks for: its debug lines hold raw frames with tokens and
 * response_urls. The sentence is constant; Bolt's words go, redacted, into a field.
 */
export function boltLogger(log: Logger): BoltLogger {
  return {
    debug: () => {},
    info: () => {},
    warn: (...messages: unknown[]) => log.warn({ messages: messages.map(serialize) }, 'Slack library warns'),
    error: (...messages: unknown[]) =>
      log.error({ messages: messages.map(serialize) }, 'Slack library reports an error'),
    setLevel: () => {},
    getLevel: () => LogLevel.WARN,
    setName: () => {},
  };
}

function serialize(value: unknown): unknown {
  return value instanceof Error ? serializeError(value) : maskFailureReason(String(value));
}
