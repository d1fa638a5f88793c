import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api';
import type { Link } from '../domain/link.ts';
import type { Operation } from '../domain/operation.ts';

/**
 * A span has ids, names from syncbot.yml, states and counts. It never has a person, a reason, a host, a payload or a token: who
 * did what is in the history and in the log, whose lines have the `traceId`.
 */
export function operationAttributes({ id, project, action }: Pick<Operation, 'id' | 'project' | 'action'>): Attributes {
  return { 'syncbot.project': project, 'syncbot.action': action, 'syncbot.operation_id': id };
}

/** A command to a link's queue. `messaging.*` are the semantic conventions of OpenTelemetry. */
export function linkAttributes({ queue, connection, prefix }: Link, operation: 'pause' | 'resume'): Attributes {
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': queue,
    'messaging.operation.name': operation,
    'syncbot.link.connection': connection,
    'syncbot.link.prefix': prefix,
  };
}

export const outcomeAttribute = 'syncbot.outcome';

/** Sets the span's status to error, without a message. `type`: a code that tells such errors apart. */
export function markFailed(span: Span, type?: string): void {
  if (type !== undefined) span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
