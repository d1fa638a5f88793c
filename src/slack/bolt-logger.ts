import { type Logger as BoltLogger, LogLevel } from '@slack/bolt';
import type { Logger } from '../application/context.ts';
import { maskFailureReason } from '../logging/mask-failure-reason.ts';
import { serializeError } from '../logging/serialize-error.ts';

/**
 * Logs the warnings and errors of Slack's libraries through the bot's logger, redacted. It ignores the level that Bolt sets,
 * because the debug lines contain raw frames with tokens and response URLs.
 */
export function boltLogger(log: Logger): BoltLogger {
  return {
    debug: () => {},
    info: () => {},
    warn: (...messages: unknown[]) => log.warn({ messages: messages.map(serialize) }, 'warning of a Slack library'),
    error: (...messages: unknown[]) => log.error({ messages: messages.map(serialize) }, 'error of a Slack library'),
    setLevel: () => {},
    getLevel: () => LogLevel.WARN,
    setName: () => {},
  };
}

function serialize(value: unknown): unknown {
  return value instanceof Error ? serializeError(value) : maskFailureReason(String(value));
}
