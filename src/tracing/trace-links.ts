import { SpanKind, type Tracer } from '@opentelemetry/api';
import type { LinkGateway } from '../application/ports.ts';
import { linkAttributes, markFailed, outcomeAttribute } from './attributes.ts';
import { activeSpan } from './spans.ts';

/** Wraps the links. All links of a call are set at once, so their spans begin and end together. */
export function traceLinks(tracer: Tracer): (links: LinkGateway) => LinkGateway {
  return (gateway) => ({
    ...gateway,
    async setPaused(links, desired, timeouts) {
      if (activeSpan() === null) return gateway.setPaused(links, desired, timeouts);
      const operation = desired === 'paused' ? 'pause' : 'resume';
      const spans = links.map((link) =>
        tracer.startSpan(`${operation} link`, { kind: SpanKind.CLIENT, attributes: linkAttributes(link, operation) }),
      );
      try {
        const results = await gateway.setPaused(links, desired, timeouts);
        for (const [index, result] of results.entries()) {
          const span = spans[index];
          span?.setAttribute(outcomeAttribute, result);
          if (span !== undefined && result !== 'applied') markFailed(span, result);
        }
        return results;
      } finally {
        for (const span of spans) span.end();
      }
    },
  });
}
