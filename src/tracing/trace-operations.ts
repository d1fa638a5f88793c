import { ROOT_CONTEXT, type Span, type Tracer } from '@opentelemetry/api';
import type { OperationStore, StoredRequest } from '../application/operation-store.ts';
import type { Stores } from '../application/stores.ts';
import type { Operation } from '../domain/operation.ts';
import { markFailed, operationAttributes, outcomeAttribute } from './attributes.ts';
import { activeSpan, dropSpan, traceparentOf } from './spans.ts';
import { describeEntry } from './trace-requests.ts';

/**
 * Wraps the operation store. An operation stores the span of its request: OK may follow minutes later, in another process. The
 * spans of the request, of OK and of the worker get the operation's attributes.
 */
export function traceOperations(tracer: Tracer): (stores: Stores) => Stores {
  return (stores) => ({ ...stores, operations: wrap(stores.operations, tracer) });
}

function wrap(operations: OperationStore, tracer: Tracer): OperationStore {
  return {
    ...operations,
    async request(newOperation) {
      const { action } = newOperation;
      const requestIn = async (span: Span): Promise<StoredRequest> => {
        const result = await operations.request({ ...newOperation, traceparent: traceparentOf(span) });
        if (result.kind === 'requested') describeEntry(span, 'request', result.operation);
        return result;
      };
      const span = activeSpan();
      if (span !== null) return requestIn(span);
      // The timer of a pause requests its restore.
      return tracer.startActiveSpan(`request ${action}`, {}, ROOT_CONTEXT, async (ownSpan) => {
        ownSpan.setAttributes(operationAttributes(newOperation));
        try {
          return await requestIn(ownSpan);
        } finally {
          ownSpan.end();
        }
      });
    },
    async resolve(step) {
      const result = await operations.resolve(step);
      const span = activeSpan();
      if (span !== null && result.kind !== 'refused') describeEntry(span, step.decision, result.operation);
      return result;
    },
    async claim(ref, executionId) {
      const result = await operations.claim(ref, executionId);
      const span = activeSpan();
      if (span === null || result.kind === 'unknown') return result;
      const { operation } = result;
      span.setAttributes(operationAttributes(operation));
      if (result.kind === 'waiting') dropSpan(span);
      if (result.kind === 'refused') setOutcome(span, operation);
      return result;
    },
    async commit(request) {
      const result = await operations.commit(request);
      const span = activeSpan();
      if (span !== null && result.kind === 'committed') setOutcome(span, result.operation);
      return result;
    },
  };
}

function setOutcome(span: Span, { state }: Operation): void {
  span.setAttribute(outcomeAttribute, state);
  if (state === 'failed') markFailed(span);
}
