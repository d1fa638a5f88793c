import type { JsonObject } from './types.ts';

export interface FaultSpec {
  /** A Web API method, `response_url`, or `*` for both. */
  readonly method: string;
  /** How many calls it hits; 1 unless told. */
  readonly times?: number;
  /** Only calls whose arguments fit. */
  readonly when?: (args: JsonObject) => boolean;
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

export class Fault implements FaultHandle {
  readonly spec: FaultSpec;
  readonly firstHit: Promise<void>;
  readonly released: Promise<void>;
  hits = 0;
  #left: number;
  #arrive: () => void = () => {};
  #open: () => void = () => {};

  constructor(spec: FaultSpec) {
    this.spec = spec;
    this.#left = spec.times ?? 1;
    this.firstHit = new Promise((resolve) => {
      this.#arrive = resolve;
    });
    this.released = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  takes(method: string, args: JsonObject): boolean {
    const fits = this.spec.method === '*' || this.spec.method === method;
    if (!fits || this.#left <= 0 || this.spec.when?.(args) === false) return false;
    this.#left -= 1;
    this.hits += 1;
    this.#arrive();
    return true;
  }

  cancel(): void {
    this.#left = 0;
  }

  release(): void {
    this.#open();
  }
}

/** Faults are tried in the order in which they were set; each call meets at most one. */
export class Faults {
  readonly #faults: Fault[] = [];

  add(spec: FaultSpec): FaultHandle {
    const fault = new Fault(spec);
    this.#faults.push(fault);
    return fault;
  }

  take(method: string, args: JsonObject): Fault | undefined {
    return this.#faults.find((fault) => fault.takes(method, args));
  }
}
