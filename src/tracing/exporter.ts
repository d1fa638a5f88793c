import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from '@opentelemetry/sdk-trace-node';
import type { Logger } from '../application/context.ts';
import { isDropped } from './spans.ts';
import type { OpenTelemetryVariables } from './tracing.ts';

/** Returns null if the collector is to be reached by gRPC. */
export function createExporter(variables: OpenTelemetryVariables): SpanExporter | null {
  const { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_EXPORTER_OTLP_PROTOCOL } = variables;
  switch (OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? OTEL_EXPORTER_OTLP_PROTOCOL ?? 'http/protobuf') {
    case 'http/protobuf':
      return new ProtobufExporter();
    case 'http/json':
      return new JsonExporter();
    default:
      return null;
  }
}

/** Sends spans in the background, in batches. If the collector does not take them they are lost, and nothing else happens. */
export function createProcessor(exporter: SpanExporter, log: Logger): SpanProcessor {
  const batches = new BatchSpanProcessor(reportOutages(exporter, log));
  return {
    onStart: (span, parent) => batches.onStart(span, parent),
    onEnd(span) {
      if (!isDropped(span)) batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
}

/** Logs the first of several failures, and the first success after them. */
function reportOutages(exporter: SpanExporter, log: Logger): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code !== 0;
        if (failed && !isFailing) log.warn({ error: result.error }, 'traces not sent');
        if (!failed && isFailing) log.info({}, 'traces sent again');
        isFailing = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
