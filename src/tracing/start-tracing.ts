import { randomUUID } from 'node:crypto';
import { context, propagation, trace } from '@opentelemetry/api';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Logger } from '../application/context.ts';
import { withTimeout } from '../lib/async.ts';
import { createTelemetry } from './bullmq-telemetry.ts';
import { createExporter, createProcessor } from './exporter.ts';
import { traceLinks } from './trace-links.ts';
import { traceLog } from './trace-log.ts';
import { traceOperations } from './trace-operations.ts';
import { traceQueues } from './trace-queues.ts';
import { traceCommands, traceSlack } from './trace-requests.ts';
import type { OpenTelemetryVariables, Tracing } from './tracing.ts';

export interface TracingOptions {
  readonly variables: OpenTelemetryVariables;
  /** The version of syncbot. */
  readonly version: string;
  /** The role of the process, or `cli`. */
  readonly role: string;
  readonly log: Logger;
}

/** A stop of the process waits for the collector for this time at most, ms. OpenTelemetry's own limit is 10 s. */
const exportTimeoutMs = 3_000;

/**
 * Starts OpenTelemetry, once per process. Its own variables configure it: where traces are sent, with which headers, how many.
 * Returns null if syncbot cannot send traces so.
 */
export function startTracing({ variables, version, role, log }: TracingOptions): Tracing | null {
  useVariables(variables);
  const exporter = createExporter(variables);
  if (exporter === null) {
    log.warn({}, 'no traces: syncbot sends them by http/protobuf or http/json only');
    return null;
  }
  const ownResource = resourceFromAttributes({
    'service.name': 'syncbot',
    'service.version': version,
    'service.instance.id': randomUUID(),
    'syncbot.role': role,
  });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(ownResource)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [createProcessor(exporter, log)],
  });
  provider.register();
  const tracer = trace.getTracer('syncbot', version);
  return {
    telemetry: createTelemetry(version),
    instrumentStores: traceOperations(tracer),
    instrumentQueues: (queues, { operations }) => traceQueues(queues, operations),
    instrumentLinks: traceLinks(tracer),
    instrumentLog: traceLog,
    traceSlack: ({ operations }) => traceSlack(tracer, operations),
    traceCommand: traceCommands(tracer, variables['TRACEPARENT'] ?? null),
    async [Symbol.asyncDispose]() {
      await withTimeout(provider.shutdown(), exportTimeoutMs);
      for (const api of [trace, context, propagation]) api.disable();
    },
  };
}

/** OpenTelemetry reads `process.env`, which lacks the variables of `.env`. */
function useVariables(variables: OpenTelemetryVariables): void {
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_TIMEOUT: String(exportTimeoutMs) }, variables);
}
