import type { Logger } from '../../application/context.ts';
import type { OnRequestRejected, RejectionReason } from './receiver.ts';

/** A request that is rejected over HTTP, and the status of the response. */
export interface HttpRejection {
  readonly reason: RejectionReason;
  readonly status: number;
  /** Set for a stale or future timestamp: timestamp minus the bot's clock. */
  readonly secondsAhead?: number;
}

export interface RejectionRecorderOptions {
  readonly log: Logger;
  /** Monotonic clock, in ms. */
  readonly now: () => number;
  /** Called for every rejection. */
  readonly onRequestRejected?: OnRequestRejected | undefined;
}

const logIntervalMs = 60_000;

/** Reports every rejection, and logs at most one line per minute and reason so that a flood does not fill the log. */
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
    const fields = { reason, status, secondsAhead, hint: hints[reason], suppressed: last?.suppressed ?? 0 };
    log.warn(fields, 'HTTP request rejected');
  };
}

/** What the operator should check, for reasons that are more often a mistake than an attack. */
const hints: Partial<Readonly<Record<RejectionReason, string>>> = {
  invalid_signature: "if Slack's own requests are rejected, check SLACK_SIGNING_SECRET",
  stale_timestamp: "check this machine's clock",
  future_timestamp: "check this machine's clock",
  unhandled: 'the bot handles only commands and buttons: do not subscribe the app to events',
  wrong_path: "Slack's two request URLs end in /slack/events",
};
