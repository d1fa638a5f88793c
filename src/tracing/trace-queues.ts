import { context } from '@opentelemetry/api';
import type { OperationStore } from '../application/operation-store.ts';
import type { OperationRef } from '../domain/operation.ts';
import { activeSpan, contextOf } from './spans.ts';
import type { TracedQueues } from './tracing.ts';

/**
 * Wraps the bot's queues. BullMQ adds the current trace to a job. Outside any, as in the sweep after a crash, the job of an
 * operation gets the trace that the operation stored.
 */
export function traceQueues({ jobs, notifications }: TracedQueues, operations: OperationStore): TracedQueues {
  const inTrace = async (ref: OperationRef, add: () => Promise<void>): Promise<void> => {
    if (activeSpan() !== null) return add();
    const operation = await operations.read(ref).catch(() => null);
    return context.with(contextOf(operation?.traceparent ?? null), add);
  };
  return {
    jobs: { ...jobs, execute: (ref) => inTrace(ref, () => jobs.execute(ref)) },
    notifications: {
      ...notifications,
      operationChanged: (ref, delayMs) => inTrace(ref, () => notifications.operationChanged(ref, delayMs)),
    },
  };
}
