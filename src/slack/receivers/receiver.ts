import type { Receiver } from '@slack/bolt';

/** Receives requests from Slack, passes them to Bolt and sends Bolt's acks back. There is one for Socket Mode and one for HTTP. */
export interface SlackReceiver {
  /** Passed to Bolt's `App`. */
  readonly boltReceiver: Receiver;
  /** Resolves when Slack can reach the bot. Throws SlackConnectionError when it cannot. */
  start(): Promise<void>;
  /** Closes permanently, also while `start` is running. Resolves within some seconds whatever Slack does. */
  stop(): Promise<void>;
  /** Whether Slack can reach the bot now. */
  readonly isReady: boolean;
}

/** How Slack reaches the bot. */
export type Transport =
  | { readonly kind: 'socket'; readonly appToken: string }
  /** `port` 0 takes a free port; the log line `listening for Slack` has it. `host` null: all interfaces. */
  | { readonly kind: 'http'; readonly signingSecret: string; readonly port: number; readonly host: string | null };

/** Why the bot rejected a request. Only `other_team` occurs in Socket Mode too. Label of a metric. */
export type RejectionReason =
  /** Not the path of Slack's request URLs. */
  | 'wrong_path'
  /** Not a POST. */
  | 'wrong_method'
  /** Neither a form nor JSON. */
  | 'wrong_content_type'
  /** Headers or body are larger than anything that Slack sends. */
  | 'too_large'
  /** Did not arrive completely within the 3 s that Slack waits for a response. */
  | 'timeout'
  /** Not valid HTTP, aborted, or signed but not readable. */
  | 'malformed'
  /** Signed and readable, but the bot has no listener for it. */
  | 'unhandled'
  /** The signature or the timestamp is missing. */
  | 'missing_signature'
  /** Not signed with the signing secret, or changed after it was signed. */
  | 'invalid_signature'
  /** Signed more than five minutes ago by the bot's clock. */
  | 'stale_timestamp'
  /** Signed more than five minutes in the future by the bot's clock. */
  | 'future_timestamp'
  /** The sender belongs to another workspace. */
  | 'other_team';

export type OnRequestRejected = (reason: RejectionReason) => void;
