import type { JsonObject } from './types.ts';

export interface FaultSpec {
  /** A Web API method, `response_url`, or `*` for both. */
  readonly method: string;
  /** How many calls it hits; 1 unless told. */
  readonly times?: number;
  /** Only calls whose arguments fit. */
  readonly matchesArgs?: (args: JsonObject) => boolean;
  /** An HTTP status instead of an answer; nothing takes effect. */
  readonly status?: number;
  /** `ok: false` with this code and status 200; nothing takes effect. */
  readonly error?: string;
  /** 429 with this `Retry-After`, in seconds; nothing takes effect. */
  readonly retryAfter?: number;
  /** No answer until `release()`; then the call runs as if nothing had been, even if the caller has long given up. */
  readonly hang?: boolean;
  /** The call takes effect, then the connection breaks: the caller cannot know. */
  readonly dropReply?: boolean;
  /** The connection breaks before anything takes effect: the caller cannot know that either. */
  readonly dropRequest?: boolean;
}

export interface FaultHandle {
  /** How many calls it has hit. */
  readonly hits: number;
  /** Resolves at the first hit. */
  readonly firstHit: Promise<void>;
  cancel(): void;
  /** Lets hanging calls, present and future, go on. */
  release(): void;
}

export class InjectedFault implements FaultHandle {
  readonly spec: FaultSpec;
  readonly firstHit: Promise<void>;
  readonly released: Promise<void>;
  hits = 0;
  #remaining: number;
  #resolveFirstHit: () => void = () => {};
  #resolveReleased: () => void = () => {};

  constructor(spec: FaultSpec) {
    this.spec = spec;
    this.#remaining = spec.times ?? 1;
    this.firstHit = new Promise((resolve) => {
      this.#resolveFirstHit = resolve;
    });
    this.released = new Promise((resolve) => {
      this.#resolveReleased = resolve;
    });
  }

  tryApply(method: string, args: JsonObject): boolean {
    const matchesMethod = this.spec.method === '*' || this.spec.method === method;
    if (!matchesMethod || this.#remaining <= 0 || this.spec.matchesArgs?.(args) === false) return false;
    this.#remaining -= 1;
    this.hits += 1;
    this.#resolveFirstHit();
    return true;
  }

  cancel(): void {
    this.#remaining = 0;
  }

  release(): void {
    this.#resolveReleased();
  }
}

/** Faults are tried in the order in which they were set; each call meets at most one. */
export class FaultInjector {
  readonly #faults: InjectedFault[] = [];

  add(spec: FaultSpec): FaultHandle {
    const fault = new InjectedFault(spec);
    this.#faults.push(fault);
    return fault;
  }

  takeMatching(method: string, args: JsonObject): InjectedFault | undefined {
    return this.#faults.find((fault) => fault.tryApply(method, args));
  }
}
