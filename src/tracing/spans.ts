import {
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
} from '@opentelemetry/api';

/**
 * Returns the span of a context, or null outside a trace. A span that has ended counts as none: timers and sockets outlive the
 * request that created them, and keep its context.
 */
export function spanOf(spanContext: Context): Span | null {
  const span = trace.getSpan(spanContext);
  if (span === undefined || !isSpanContextValid(span.spanContext())) return null;
  return 'ended' in span && span.ended === true ? null : span;
}

/** Returns the span of what runs now, or null outside a trace. */
export function activeSpan(): Span | null {
  return spanOf(context.active());
}

/** Whether another process has the span. It can be a parent only. */
export function isRemote(span: Span): boolean {
  return span.spanContext().isRemote === true;
}

/** Returns the span as a `traceparent` of W3C Trace Context. */
export function traceparentOf(span: Span): string {
  const carrier: { traceparent?: string } = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), carrier);
  return carrier.traceparent ?? '';
}

/** Returns a context in that trace. Outside any trace if it is null or not a `traceparent`. */
export function contextOf(traceparent: string | null): Context {
  return traceparent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
}

const dropped = new WeakSet<object>();

/** The span is not sent. An action that waits runs every two seconds, for hours. */
export function dropSpan(span: Span): void {
  dropped.add(span);
}

/** The span is sent after all: another one is its child. */
export function keepSpan(span: Span): void {
  dropped.delete(span);
}

export function isDropped(span: object): boolean {
  return dropped.has(span);
}
