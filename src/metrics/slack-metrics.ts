import { Counter, Histogram, type Registry } from 'prom-client';

/** What the bot's part in Slack tells of itself. */
export interface SlackMetrics {
  /** One call to Slack: the method, what became of it, ms. */
  readonly onCall: (call: { readonly method: string; readonly result: string; readonly durationMs: number }) => void;
  /** Somebody was refused, with the code of the refusal. */
  readonly onRefused: (code: string) => void;
  /** A request that came over HTTP was not let in. */
  readonly onRejected: (reason: string) => void;
}

const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createSlackMetrics(registry: Registry): SlackMetrics {
  const registers = [registry];
  const calls = new Counter({
    name: 'syncbot_slack_calls_total',
    help: 'Calls to Slack by method and result; response_url and every try count.',
    labelNames: ['method', 'result'],
    registers,
  });
  const duration = new Histogram({
    name: 'syncbot_slack_call_duration_seconds',
    help: 'Time of a call to Slack until its answer, or until it was given up.',
    labelNames: ['method'],
    buckets,
    registers,
  });
  const refusals = new Counter({
    name: 'syncbot_refusals_total',
    help: 'People refused in Slack, by the code of the refusal.',
    labelNames: ['code'],
    registers,
  });
  const rejected = new Counter({
    name: 'syncbot_slack_requests_rejected_total',
    help: 'Requests of Slack, or of others in its name, that were not let in, by reason.',
    labelNames: ['reason'],
    registers,
  });
  return {
    onCall({ method, result, durationMs }) {
      calls.inc({ method, result });
      duration.observe({ method }, durationMs / 1_000);
    },
    onRefused: (code) => refusals.inc({ code }),
    onRejected: (reason) => rejected.inc({ reason }),
  };
}
