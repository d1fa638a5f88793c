import type { AckOutcome, Envelope } from './pending-acks.ts';
import type { Enterprise } from './state.ts';
import type { WorkspaceOptions } from './workspace.ts';

export interface FakeSlackOptions extends WorkspaceOptions {
  readonly botToken?: string;
  readonly appToken?: string;
  readonly signingSecret?: string;
  /** Makes the workspace part of an Enterprise Grid. */
  readonly enterprise?: Enterprise;
  /** The scopes of the bot token. Default: those of manifest.yml. */
  readonly scopes?: readonly string[];
  /** Whether the manifest of the app enables the Home tab. Default true. */
  readonly hasHomeTab?: boolean;
  /** How long the fake waits for an ack, in ms. Default 3 s, as Slack. */
  readonly ackLimitMs?: number;
  /** How long a trigger_id works, in ms. Default 3 s, as Slack. */
  readonly triggerLifetimeMs?: number;
  /** How long after the announcement the fake closes a socket, in ms. Default 10 s, about as Slack. */
  readonly closeDelayMs?: number;
  /** Whether an envelope whose socket closed before its ack is sent to another socket. Slack often does this and never promises it. */
  readonly redeliverOnClose?: boolean;
  /** Leaves the TCP connection open after the close frames, as Slack does. Default: closes it. */
  readonly keepTcpOpen?: boolean;
  /** Default off. */
  readonly rateLimits?: boolean;
  /** With rate limits: how many messages a channel takes at once, on average one per second. Default 1. */
  readonly messageBurst?: number;
  readonly now?: () => number;
  /** How events and interactions reach the app. Default: Socket Mode, or HTTP if the app has a request URL. */
  readonly transmit?: (envelope: Envelope) => Promise<AckOutcome>;
}

/** The scopes of manifest.yml. */
export const defaultScopes: readonly string[] = [
  'commands',
  'chat:write',
  'usergroups:read',
  'channels:read',
  'groups:read',
  'app_mentions:read',
  'users:read',
];
