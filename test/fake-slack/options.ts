import type { Enterprise } from './state.ts';
import type { WorkspaceOptions } from './workspace.ts';

export interface FakeSlackOptions extends WorkspaceOptions {
  readonly botToken?: string;
  readonly appToken?: string;
  readonly signingSecret?: string;
  /** Puts the workspace into an Enterprise Grid. */
  readonly enterprise?: Enterprise;
  /** What the bot token was granted; the app's manifest asks for these. */
  readonly scopes?: readonly string[];
  /** Slack waits 3 s; tests of slow acks wait less. */
  readonly ackLimitMs?: number;
  /** How long a socket stays after its end was announced; Slack closes it about 10 s later. */
  readonly closeDelayMs?: number;
  /** Whether an envelope whose socket closed before its ack goes to another one. Slack often does this, and promises it nowhere. */
  readonly redeliverOnClose?: boolean;
  /** After the close frames Slack leaves the TCP connection open; here it is closed unless asked for. */
  readonly keepTcpOpen?: boolean;
  /** Rate limits are off unless asked for. */
  readonly rateLimits?: boolean;
  readonly now?: () => number;
}

/** Those of manifest.yml, and no more. */
export const DEFAULT_SCOPES: readonly string[] = [
  'commands',
  'chat:write',
  'usergroups:read',
  'channels:read',
  'groups:read',
];
