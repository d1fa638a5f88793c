/** How long a socket of Socket Mode is waited for, all in ms. Tests that go through many sockets wait less. */
export interface SocketTiming {
  /** From the call of `apps.connections.open` to the hello. */
  readonly helloWithinMs: number;
  /** Slack waits so long for an ack. */
  readonly ackWithinMs: number;
  /** How long a socket that Slack said it would close stays, once another is open. Slack closes it about 10 s after a warning. */
  readonly lingerMs: number;
  /** How long the other end may take to answer a close frame. */
  readonly closeWithinMs: number;
  /** How often it is looked whether a socket is still open. */
  readonly lookEveryMs: number;
  /** A pong has to come within this. */
  readonly pongWithinMs: number;
  /** Slack's next ping has to come within this. */
  readonly pingWithinMs: number;
  /** A socket that lived shorter than this counts as a failure, so that a close after each hello is no busy loop. */
  readonly steadyAfterMs: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

export const slackTiming: SocketTiming = {
  helloWithinMs: 15_000,
  ackWithinMs: 3_000,
  lingerMs: 15_000,
  closeWithinMs: 1_000,
  lookEveryMs: 250,
  pongWithinMs: 5_000,
  pingWithinMs: 30_000,
  steadyAfterMs: 10_000,
  firstWaitMs: 250,
  longestWaitMs: 15_000,
};

export interface Tries {
  /** Sockets tried since the last one that lived. */
  readonly tries: number;
  /** How long Slack asked for patience; 0: it did not. */
  readonly retryAfterMs: number;
  /** From 0 up to 1. */
  readonly random: number;
}

/** How long to wait before the next try: nothing before the first, then twice as long each time, up to a cap, less up to a half. */
export function waitBefore({ tries, retryAfterMs, random }: Tries, timing: SocketTiming): number {
  if (tries === 0) return retryAfterMs;
  const growing = timing.firstWaitMs * 2 ** Math.min(tries - 1, 20);
  return Math.max(retryAfterMs, Math.min(timing.longestWaitMs, growing) * (1 - random / 2));
}
