/**
 * Slack rejects a token, cannot be reached, or cannot reach the bot. The message is a sentence for the operator. This file must
 * not import Bolt: `src/app.ts` loads Bolt only for a bot.
 */
export class SlackConnectionError extends Error {
  override readonly name = 'SlackConnectionError';
  /** Slack's code, such as `invalid_auth`. `unreachable` without a response, `port` when the bot cannot listen on its port. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
