interface RateLimit {
  readonly windowMs: number;
  readonly max: number;
  readonly perChannel: boolean;
}

/** Slack's tiers; chat.postMessage without the short bursts that Slack sometimes grants. */
const rateLimits: Readonly<Record<string, RateLimit>> = {
  'chat.postMessage': { windowMs: 1_000, max: 1, perChannel: true },
  'chat.update': { windowMs: 60_000, max: 50, perChannel: false },
};

export class RateLimits {
  readonly #callTimes = new Map<string, number[]>();

  /** Seconds for `Retry-After`, or undefined when the call is within its rate. */
  consume(method: string, channel: string, now: number): number | undefined {
    const rateLimit = rateLimits[method];
    if (rateLimit === undefined) return undefined;
    const key = rateLimit.perChannel ? `${method} ${channel}` : method;
    const recent = (this.#callTimes.get(key) ?? []).filter((at) => now - at < rateLimit.windowMs);
    this.#callTimes.set(key, recent);
    const oldest = recent[0];
    if (oldest !== undefined && recent.length >= rateLimit.max) {
      return Math.max(1, Math.ceil((oldest + rateLimit.windowMs - now) / 1000));
    }
    recent.push(now);
    return undefined;
  }
}
