import type { Receiver } from '@slack/bolt';

/** The way in from Slack: it hands what Slack delivers to Bolt, and takes Bolt's acks back. */
export interface SlackReceiver {
  /** What Bolt is given. */
  readonly boltReceiver: Receiver;
  /** Resolves when Slack can reach the bot; throws SlackRefused when it will not. */
  start(): Promise<void>;
  /** Closes for good, also in the middle of opening; resolves within some seconds whatever Slack does. */
  stop(): Promise<void>;
  /** Whether Slack can reach the bot now. */
  readonly isConnected: boolean;
}

/** How Slack reaches the bot. */
export type Transport =
  | { readonly kind: 'socket'; readonly appToken: string }
  /** `port` 0 takes a free port; the log line `listening for Slack` has it. */
  | { readonly kind: 'http'; readonly signingSecret: string; readonly port: number };
