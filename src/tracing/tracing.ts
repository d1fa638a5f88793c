import type { Telemetry } from 'bullmq';
import type { Logger } from '../application/context.ts';
import type { JobQueue, LinkGateway, NotificationQueue } from '../application/ports.ts';
import type { Stores } from '../application/stores.ts';
import type { OperationRef } from '../domain/operation.ts';

/**
 * Writes traces by wrapping the parts of an app. An app without traces has none of this: it loads no part of OpenTelemetry.
 * Disposing sends what is left, for a few seconds at most.
 */
export interface Tracing extends AsyncDisposable {
  /** For the bot's own queues and workers only. In the links' queues it would write to the jobs of other services. */
  readonly telemetry: Telemetry;
  /** Wraps the stores: an operation stores its trace, and a span gets the operation's attributes. */
  readonly instrumentStores: (stores: Stores) => Stores;
  /** Wraps the queues: what is added outside a request or job belongs to the trace of its operation. */
  readonly instrumentQueues: (queues: TracedQueues, stores: Pick<Stores, 'operations'>) => TracedQueues;
  /** Wraps the links: one span for each link that is paused or resumed. */
  readonly instrumentLinks: (links: LinkGateway) => LinkGateway;
  /** Wraps the log: a line in a span has its `traceId`, and an error marks the span. */
  readonly instrumentLog: (log: Logger) => Logger;
  readonly traceSlack: (stores: Pick<Stores, 'operations'>) => TracedSlack;
  /** Runs a command of the command line as a span: a child of `TRACEPARENT`, else the first one of a trace. */
  readonly traceCommand: <T>(command: string, run: () => Promise<T>) => Promise<T>;
}

/** The environment variables whose names begin with `OTEL_`, and `TRACEPARENT`. */
export type OpenTelemetryVariables = Readonly<Record<string, string>>;

export interface TracedQueues {
  readonly jobs: JobQueue;
  readonly notifications: NotificationQueue;
}

export interface TracedSlack {
  /**
   * Runs a request of a person as a span. A press on an operation's button belongs to the trace of that operation. `handle`
   * calls `end` when the person has the answer: what it does afterwards is not in the span. Else the span ends with it.
   */
  readonly traceRequest: (request: TracedRequest, handle: (end: () => void) => Promise<void>) => Promise<void>;
  /** Records a call to Slack that has ended. */
  readonly onCall: (call: { readonly method: string; readonly result: string; readonly durationMs: number }) => void;
}

export interface TracedRequest {
  /** What the person used: `command`, `button`. */
  readonly kind: string;
  /** Of a button: its id. */
  readonly actionId: string | null;
  /** The operation of the button, or null. */
  readonly operation: OperationRef | null;
}
