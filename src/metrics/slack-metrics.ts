import { Counter, Histogram, type Registry } from 'prom-client';

/** Receives what happens between the bot and Slack. */
export interface SlackMetrics {
  /** One call to Slack: its method, its result, and how long it took, ms. */
  readonly onCall: (call: { readonly method: string; readonly result: string; readonly durationMs: number }) => void;
  /** A person was refused. */
  readonly onRefusal: (code: string) => void;
  /** A request was rejected before it reached a listener. */
  readonly onRequestRejected: (reason: string) => void;
}

const durationBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createSlackMetrics(registry: Registry): SlackMetrics {
  const registers = [registry];
  const calls = new Counter({
    name: 'syncbot_slack_calls_total',
    help: 'Calls to Slack by method and result. Calls to a response_url and retries are counted.',
    labelNames: ['method', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: 'syncbot_slack_call_duration_seconds',
    help: 'Time from a call to Slack to its answer, or to its timeout.',
    labelNames: ['method'],
    buckets: durationBuckets,
    registers,
  });
  const refusals = new Counter({
    name: 'syncbot_refusals_total',
    help: 'Refusals to people in Slack, by code.',
    labelNames: ['code'],
    registers,
  });
  const rejected = new Counter({
    name: 'syncbot_slack_requests_rejected_total',
    help: 'Requests that were rejected before they reached a listener, by reason.',
    labelNames: ['reason'],
    registers,
  });
  return {
    onCall({ method, result, durationMs }) {
      calls.inc({ method, result });
      duration.observe({ method }, durationMs / 1_000);
    },
    onRefusal: (code) => refusals.inc({ code }),
    onRequestRejected: (reason) => rejected.inc({ reason }),
  };
}
