import { type Attributes, type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import { type Span as JobSpan, SpanKind, type Telemetry, TelemetryAttributes } from 'bullmq';
import { type BullMQOTelSpan, BullMQOtel } from 'bullmq-otel';
import { markFailed } from './attributes.ts';
import { activeSpan, isRemote, keepSpan, spanOf } from './spans.ts';

/**
 * BullMQ's telemetry by `bullmq-otel`, with two spans of a job only: it is added, and it is processed. The others belong to no
 * action of a person: workers poll, and cycles run for ever. A span has the attributes of the semantic conventions, and nothing
 * else of BullMQ: the message of an error can contain a host or a payload.
 */
export function createTelemetry(version: string): Telemetry<Context> {
  const { tracer, contextManager } = new BullMQOtel({ tracerName: 'bullmq', version });
  return {
    tracer: {
      startSpan(name, { kind } = { kind: SpanKind.INTERNAL }, parent) {
        if (!hasSpan(kind, name, parent)) return noSpan;
        const sender = activeSpan();
        if (kind === SpanKind.PRODUCER && sender !== null) keepSpan(sender);
        const span = tracer.startSpan(
          name,
          { kind },
          parent ?? (kind === SpanKind.CONSUMER ? ROOT_CONTEXT : undefined),
        );
        return toJobSpan(span as BullMQOTelSpan);
      },
    },
    contextManager: {
      with: (spanContext, run) => contextManager.with(spanContext, run),
      active: () => contextManager.active(),
      root: () => ROOT_CONTEXT,
      // Nothing is added to a job outside a trace.
      getMetadata: (spanContext) => (spanOf(spanContext) === null ? '' : contextManager.getMetadata(spanContext)),
      fromMetadata: (active, metadata) => contextManager.fromMetadata(active, metadata),
    },
  };
}

/**
 * The sweep adds jobs again, in the trace of their operation, but without a span. An action whose job has no trace begins one:
 * the command line of a laptop may write no traces.
 */
function hasSpan(kind: SpanKind, name: string, parent: Context | undefined): boolean {
  switch (kind) {
    case SpanKind.PRODUCER: {
      const sender = activeSpan();
      return sender !== null && !isRemote(sender);
    }
    case SpanKind.CONSUMER:
      return name === 'process actions' || (parent !== undefined && spanOf(parent) !== null);
    default:
      return false;
  }
}

const noSpan: JobSpan<Context> = {
  setSpanOnContext: (spanContext) => spanContext,
  setAttribute: () => {},
  setAttributes: () => {},
  addEvent: () => {},
  recordException: () => {},
  end: () => {},
};

function toJobSpan(jobSpan: BullMQOTelSpan): JobSpan<Context> {
  const { span } = jobSpan;
  const setAttributes = (attributes: Attributes) => void span.setAttributes(toConventions(attributes));
  return {
    setSpanOnContext: (spanContext) => jobSpan.setSpanOnContext(spanContext),
    setAttribute: (name, value) => setAttributes({ [name]: value }),
    setAttributes,
    addEvent: (name) => {
      if (name === 'job failed') markFailed(span);
    },
    recordException: () => markFailed(span),
    end: () => span.end(),
  };
}

const conventions: Readonly<Record<string, string>> = {
  [TelemetryAttributes.QueueName]: 'messaging.destination.name',
  [TelemetryAttributes.QueueOperation]: 'messaging.operation.name',
  [TelemetryAttributes.JobId]: 'messaging.message.id',
  [TelemetryAttributes.BulkCount]: 'messaging.batch.message_count',
  [TelemetryAttributes.JobName]: 'syncbot.job',
};

function toConventions(attributes: Attributes): Attributes {
  const known = Object.entries(attributes).flatMap(([name, value]) => {
    const convention = conventions[name];
    return convention === undefined || value === undefined ? [] : [[convention, value] as const];
  });
  const operation = attributes[TelemetryAttributes.QueueOperation];
  if (operation === undefined) return Object.fromEntries(known);
  const type = operation === 'process' ? 'process' : 'send';
  return { 'messaging.system': 'bullmq', 'messaging.operation.type': type, ...Object.fromEntries(known) };
}
