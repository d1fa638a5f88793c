import type { Log } from '../application/deps.ts';
import type { OnRejected, Rejection, RejectionReason } from './rejection.ts';

export interface RejectionLogOptions {
  readonly log: Log;
  /** Ms of a clock that never runs back. */
  readonly now: () => number;
  /** Hears of every one. */
  readonly onRejected?: OnRejected | undefined;
}

const oneLineInMs = 60_000;

/** What the operator should look at, where it is more likely a mistake than an attack. */
const hints: Partial<Readonly<Record<RejectionReason, string>>> = {
  forged: "if Slack's own requests are refused, check SLACK_SIGNING_SECRET",
  stale: "check this machine's clock",
  future: "check this machine's clock",
  unheard: 'only commands and pressed buttons are heard: subscribe the app to no events',
  wrong_path: "Slack's two request URLs end in /slack/events",
};

/** Counts every refused request and logs one line a minute for each reason, so that a flood of them is no flood of lines. */
export function createRejectionLog({ log, now, onRejected }: RejectionLogOptions): (rejection: Rejection) => void {
  const lines = new Map<RejectionReason, { readonly at: number; unlogged: number }>();
  return ({ reason, status, secondsAhead }) => {
    onRejected?.(reason);
    const last = lines.get(reason);
    if (last !== undefined && now() - last.at < oneLineInMs) {
      last.unlogged += 1;
      return;
    }
    lines.set(reason, { at: now(), unlogged: 0 });
    const fields = { reason, answered: status, secondsAhead, hint: hints[reason], unlogged: last?.unlogged ?? 0 };
    log.warn(fields, "request to Slack's address refused");
  };
}
