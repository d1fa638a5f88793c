interface Rule {
  readonly windowMs: number;
  readonly max: number;
  readonly perChannel: boolean;
}

/** Slack's tiers; chat.postMessage without the short bursts that Slack sometimes grants. */
const rules: Readonly<Record<string, Rule>> = {
  'chat.postMessage': { windowMs: 1_000, max: 1, perChannel: true },
  'chat.update': { windowMs: 60_000, max: 50, perChannel: false },
};

export class RateLimits {
  readonly #taken = new Map<string, number[]>();

  /** Seconds for `Retry-After`, or undefined when the call is within its rate. */
  take(method: string, channel: string, now: number): number | undefined {
    const rule = rules[method];
    if (rule === undefined) return undefined;
    const key = rule.perChannel ? `${method} ${channel}` : method;
    const recent = (this.#taken.get(key) ?? []).filter((at) => now - at < rule.windowMs);
    this.#taken.set(key, recent);
    const oldest = recent[0];
    if (oldest !== undefined && recent.length >= rule.max) {
      return Math.max(1, Math.ceil((oldest + rule.windowMs - now) / 1000));
    }
    recent.push(now);
    return undefined;
  }
}
