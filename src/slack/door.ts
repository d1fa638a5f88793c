import type { Receiver } from '@slack/bolt';

/** The way in from Slack: it hands what Slack delivers to Bolt, and takes Bolt's acks back. */
export interface Door {
  /** What Bolt is given. */
  readonly receiver: Receiver;
  /** Resolves when Slack can reach the bot; throws SlackRefused when it will not. */
  open(): Promise<void>;
  /** Closes for good, also in the middle of opening; resolves within some seconds whatever Slack does. */
  close(): Promise<void>;
  /** Whether Slack can reach the bot now. */
  readonly isOpen: boolean;
}
