import { type Logger, LogLevel } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { loggedFault } from '../domain/logged-fault.ts';
import { maskReason } from '../domain/mask.ts';

/**
 * Bolt's logger on ours, from warnings up whatever Bolt asks for: its debug lines hold raw frames with tokens and
 * response_urls. The sentence is constant; Bolt's words go, redacted, into a field.
 */
export function boltLogger(log: Log): Logger {
  return {
    debug: () => {},
    info: () => {},
    warn: (...said: unknown[]) => log.warn({ said: said.map(field) }, 'Slack library warns'),
    error: (...said: unknown[]) => log.error({ said: said.map(field) }, 'Slack library reports an error'),
    setLevel: () => {},
    getLevel: () => LogLevel.WARN,
    setName: () => {},
  };
}

function field(said: unknown): unknown {
  return said instanceof Error ? loggedFault(said) : maskReason(String(said));
}
