/**
 * The signatures that have been here and would be accepted again, in this process alone. Bounded: when it is full the oldest
 * is forgotten, and a replay of that one is dropped by its trigger id, as one that reaches another bot is.
 */
export class Replays {
  /** Signature → until when it would be accepted, ms since the epoch. In the order in which they came. */
  readonly #until = new Map<string, number>();
  readonly #atMost: number;

  constructor(atMost = 10_000) {
    this.#atMost = atMost;
  }

  /** Whether this signature has been here; from now on it has. Only for signatures that were found to be right. */
  hasSeen({ signature, until }: { readonly signature: string; readonly until: number }, now: number): boolean {
    if (this.#until.has(signature)) return true;
    this.#forget(now);
    this.#until.set(signature, until);
    return false;
  }

  get size(): number {
    return this.#until.size;
  }

  /** From the oldest on: what is over, and one more when there is no room. */
  #forget(now: number): void {
    for (const [signature, until] of this.#until) {
      if (until >= now && this.#until.size < this.#atMost) return;
      this.#until.delete(signature);
    }
  }
}
