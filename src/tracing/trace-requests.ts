import { type Context, context, ROOT_CONTEXT, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import type { OperationStore } from '../application/operation-store.ts';
import type { Operation } from '../domain/operation.ts';
import { markFailed, operationAttributes, outcomeAttribute } from './attributes.ts';
import { activeSpan, contextOf } from './spans.ts';
import type { TracedRequest, TracedSlack, Tracing } from './tracing.ts';

/** The spans of requests in Slack, and of commands. */
const entrySpans = new WeakSet<Span>();
/** Those whose name says only how the request came. */
const unnamedSpans = new WeakSet<Span>();

/** Describes the span of a request that is about one operation. Leaves other spans: a job of a batch requests many. */
export function describeEntry(span: Span, step: string, operation: Operation): void {
  if (!entrySpans.has(span)) return;
  span.setAttributes(operationAttributes(operation));
  if (unnamedSpans.has(span)) span.updateName(`${step} ${operation.action}`);
}

/** Traces the requests of people in Slack, and the calls to Slack. */
export function traceSlack(tracer: Tracer, operations: Pick<OperationStore, 'read'>): TracedSlack {
  const parentOf = async ({ operation: ref }: TracedRequest): Promise<Context> => {
    if (ref === null) return ROOT_CONTEXT;
    const operation = await operations.read(ref).catch(() => null);
    return contextOf(operation?.traceparent ?? null);
  };
  return {
    async traceRequest(request, handle) {
      const parent = await parentOf(request);
      const { kind, actionId } = request;
      const attributes = { 'syncbot.request': kind, ...(actionId === null ? {} : { 'syncbot.action_id': actionId }) };
      const span = tracer.startSpan(`slack ${kind}`, { kind: SpanKind.SERVER, attributes }, parent);
      unnamedSpans.add(span);
      await runInSpan(span, parent, () => handle(() => endOnce(span)));
    },
    onCall({ method, result, durationMs }) {
      if (activeSpan() === null) return;
      const endTime = Date.now();
      const attributes = { 'rpc.system.name': 'slack', 'rpc.method': method, [outcomeAttribute]: result };
      const span = tracer.startSpan(method, { kind: SpanKind.CLIENT, startTime: endTime - durationMs, attributes });
      if (result !== 'ok') markFailed(span, result);
      span.end(endTime);
    },
  };
}

/**
 * Runs a command of the command line as a span. An exception marks the span. `traceparent`: its parent by W3C Trace Context, such
 * as the step of a pipeline. The span is the first one of a trace if it is null or not valid.
 */
export function traceCommands(tracer: Tracer, traceparent: string | null): Tracing['traceCommand'] {
  return async (command, run) => {
    const parent = contextOf(traceparent);
    const span = tracer.startSpan(`syncbot ${command}`, {}, parent);
    return runInSpan(span, parent, () =>
      run().catch((error: unknown) => {
        markFailed(span);
        throw error;
      }),
    );
  };
}

async function runInSpan<T>(span: Span, parent: Context, run: () => Promise<T>): Promise<T> {
  entrySpans.add(span);
  try {
    return await context.with(trace.setSpan(parent, span), run);
  } finally {
    endOnce(span);
  }
}

function endOnce(span: Span): void {
  if (span.isRecording()) span.end();
}
