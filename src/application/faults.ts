/** The bot's Redis did not answer. `sent: 'no'`: surely nothing was changed; `'unknown'`: the reply was lost, ask again by id. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly sent: 'no' | 'unknown';

  constructor(sent: 'no' | 'unknown', options: ErrorOptions) {
    super("the bot's Redis did not answer", options);
    this.sent = sent;
  }
}

/** Slack asks to be left alone for a while (429), or did not answer: try again after `afterMs`. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly afterMs: number;

  constructor(afterMs: number, options?: ErrorOptions) {
    super('try again later', options);
    this.afterMs = afterMs;
  }
}
