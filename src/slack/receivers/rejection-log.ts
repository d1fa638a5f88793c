import type { Logger } from '../../application/context.ts';
import type { HttpRejection, OnRequestRejected, RejectionReason } from './rejection.ts';

export interface RejectionRecorderOptions {
  readonly log: Logger;
  /** Ms of a clock that never runs back. */
  readonly now: () => number;
  /** Hears of every one. */
  readonly onRequestRejected?: OnRequestRejected | undefined;
}

const logIntervalMs = 60_000;

/** What the operator should look at, where it is more likely a mistake than an attack. */
const hints: Partial<Readonly<Record<RejectionReason, string>>> = {
  forged: "if Slack's own requests are refused, check SLACK_SIGNING_SECRET",
  stale: "check this machine's clock",
  future: "check this machine's clock",
  unheard: 'only commands and pressed buttons are heard: subscribe the app to no events',
  wrong_path: "Slack's two request URLs end in /slack/events",
};

/** Counts every refused request and logs one line a minute for each reason, so that a flood of them is no flood of lines. */
export function createRejectionRecorder({
  log,
  now,
  onRequestRejected,
}: RejectionRecorderOptions): (rejection: HttpRejection) => void {
  const lastLogged = new Map<RejectionReason, { readonly loggedAt: number; suppressed: number }>();
  return ({ reason, status, secondsAhead }) => {
    onRequestRejected?.(reason);
    const last = lastLogged.get(reason);
    if (last !== undefined && now() - last.loggedAt < logIntervalMs) {
      last.suppressed += 1;
      return;
    }
    lastLogged.set(reason, { loggedAt: now(), suppressed: 0 });
    const fields = { reason, status: status, secondsAhead, hint: hints[reason], suppressed: last?.suppressed ?? 0 };
    log.warn(fields, "request to Slack's address refused");
  };
}
