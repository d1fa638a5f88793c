interface RateLimit {
  readonly windowMs: number;
  readonly max: number;
  readonly perChannel: boolean;
}

const tier3 = { windowMs: 60_000, max: 50, perChannel: false };
const tier4 = { windowMs: 60_000, max: 100, perChannel: false };

/**
 * Slack's limits for the methods that write (docs.slack.dev/apis/web-api/rate-limits). Slack allows about one message per second
 * and channel, and short bursts, whose length it does not document.
 */
const limits: Readonly<Record<string, RateLimit>> = {
  'chat.postMessage': { windowMs: 1_000, max: 1, perChannel: true },
  'chat.postEphemeral': tier4,
  'chat.update': tier3,
  'views.open': tier4,
  'views.push': tier4,
  'views.update': tier4,
  'views.publish': tier4,
};

export class RateLimits {
  readonly #messageBurst: number;
  readonly #callTimes = new Map<string, number[]>();

  /** `messageBurst`: how many messages a channel takes at once, on average one per second. */
  constructor(messageBurst: number) {
    this.#messageBurst = messageBurst;
  }

  /** Counts the call. Returns the seconds for `Retry-After` when it is over the limit. */
  consume(method: string, channel: string, now: number): number | undefined {
    const rateLimit = limits[method];
    if (rateLimit === undefined) return undefined;
    const factor = rateLimit.perChannel ? this.#messageBurst : 1;
    const windowMs = rateLimit.windowMs * factor;
    const key = rateLimit.perChannel ? `${method} ${channel}` : method;
    const recent = (this.#callTimes.get(key) ?? []).filter((at) => now - at < windowMs);
    this.#callTimes.set(key, recent);
    const oldest = recent[0];
    if (oldest !== undefined && recent.length >= rateLimit.max * factor) {
      return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
    }
    recent.push(now);
    return undefined;
  }
}
