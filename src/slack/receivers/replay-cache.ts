/**
 * The signatures that have been here and would be accepted again, in this process alone. Bounded: when it is full the oldest
 * is forgotten, and a replay of that one is dropped by its trigger id, as one that reaches another bot is.
 */
export class ReplayCache {
  /** Signature → until when it would be accepted, ms since the epoch. In the order in which they came. */
  readonly #expiresAtBySignature = new Map<string, number>();
  readonly #maxSize: number;

  constructor(maxSize = 10_000) {
    this.#maxSize = maxSize;
  }

  /** Whether this signature has been here; from now on it has. Only for signatures that were found to be right. */
  checkAndAdd(
    { signature, expiresAt }: { readonly signature: string; readonly expiresAt: number },
    now: number,
  ): boolean {
    if (this.#expiresAtBySignature.has(signature)) return true;
    this.#evict(now);
    this.#expiresAtBySignature.set(signature, expiresAt);
    return false;
  }

  get size(): number {
    return this.#expiresAtBySignature.size;
  }

  /** From the oldest on: what is over, and one more when there is no room. */
  #evict(now: number): void {
    for (const [signature, expiresAt] of this.#expiresAtBySignature) {
      if (expiresAt >= now && this.#expiresAtBySignature.size < this.#maxSize) return;
      this.#expiresAtBySignature.delete(signature);
    }
  }
}
