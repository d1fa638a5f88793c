import type { JsonObject } from './types.ts';

export interface FaultSpec {
  /** A Web API method, `response_url`, or `*` for both. */
  readonly method: string;
  /** How many calls fail. Default 1. */
  readonly times?: number;
  /** Restricts the fault to calls with matching arguments. */
  readonly matchesArgs?: (args: JsonObject) => boolean;
  /** Responds with this HTTP status. The call has no effect. */
  readonly status?: number;
  /** Responds `ok: false` with this code and status 200. The call has no effect. */
  readonly error?: string;
  /** Responds 429 with this `Retry-After`, in seconds. The call has no effect. */
  readonly retryAfter?: number;
  /** Delays the call until `release()`. Then it takes effect, even if the caller has timed out. */
  readonly hang?: boolean;
  /** The call takes effect, then the connection breaks. */
  readonly dropReply?: boolean;
  /** The connection breaks before the call takes effect. */
  readonly dropRequest?: boolean;
}

export interface FaultHandle {
  /** How many calls have failed. */
  readonly hits: number;
  /** Resolves at the first matching call. */
  readonly firstHit: Promise<void>;
  /** No further call fails. */
  cancel(): void;
  /** Continues the calls that hang, and those that would. */
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

/** Each call gets at most one fault: the first that matches, in the order in which they were added. */
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
