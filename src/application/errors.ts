/** The bot's Redis did not answer. `sent: 'no'`: surely nothing was changed; `'unknown'`: the reply was lost, ask again by id. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly sent: 'no' | 'unknown';

  constructor(sent: 'no' | 'unknown', options: ErrorOptions) {
    super("the bot's Redis did not answer", options);
    this.sent = sent;
  }
}

/** Slack asks to be left alone for a while (429), or did not answer: try again after `afterMs`. */
export class RetryLaterError extends Error {
  override readonly name = 'RetryLaterError';
  readonly delayMs: number;

  constructor(afterMs: number, options?: ErrorOptions) {
    super('try again later', options);
    this.delayMs = afterMs;
  }
}
