/** How long a socket of Socket Mode is waited for, all in ms. Tests that go through many sockets wait less. */
export interface SocketTiming {
  /** From the call of `apps.connections.open` to the hello. */
  readonly helloTimeoutMs: number;
  /** Slack waits so long for an ack. */
  readonly ackTimeoutMs: number;
  /** How long a socket that Slack said it would close stays, once another is open. Slack closes it about 10 s after a warning. */
  readonly replacedCloseDelayMs: number;
  /** How long the other end may take to answer a close frame. */
  readonly closeTimeoutMs: number;
  /** How often it is looked whether a socket is still open. */
  readonly livenessCheckIntervalMs: number;
  /** A pong has to come within this. */
  readonly pongTimeoutMs: number;
  /** Slack's next ping has to come within this. */
  readonly pingTimeoutMs: number;
  /** A socket that lived shorter than this counts as a failure, so that a close after each hello is no busy loop. */
  readonly stableAfterMs: number;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
}

export const defaultSocketTiming: SocketTiming = {
  helloTimeoutMs: 15_000,
  ackTimeoutMs: 3_000,
  replacedCloseDelayMs: 15_000,
  closeTimeoutMs: 1_000,
  livenessCheckIntervalMs: 250,
  pongTimeoutMs: 5_000,
  pingTimeoutMs: 30_000,
  stableAfterMs: 10_000,
  initialBackoffMs: 250,
  maxBackoffMs: 15_000,
};

export interface BackoffInput {
  /** Sockets tried since the last one that lived. */
  readonly attempts: number;
  /** How long Slack asked for patience; 0: it did not. */
  readonly retryAfterMs: number;
  /** From 0 up to 1. */
  readonly random: number;
}

/** How long to wait before the next try: nothing before the first, then twice as long each time, up to a cap, less up to a half. */
export function backoffMs({ attempts, retryAfterMs, random }: BackoffInput, timing: SocketTiming): number {
  if (attempts === 0) return retryAfterMs;
  const exponentialMs = timing.initialBackoffMs * 2 ** Math.min(attempts - 1, 20);
  return Math.max(retryAfterMs, Math.min(timing.maxBackoffMs, exponentialMs) * (1 - random / 2));
}
