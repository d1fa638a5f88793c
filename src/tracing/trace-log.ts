import type { Logger } from '../application/context.ts';
import { markFailed } from './attributes.ts';
import { activeSpan } from './spans.ts';

/** Wraps a log: a line in a span has its `traceId`. Every unexpected error is logged as an error, so that marks the span. */
export function traceLog(log: Logger): Logger {
  const withTrace = (fields: object) => {
    const span = activeSpan();
    return span === null ? fields : { ...fields, traceId: span.spanContext().traceId };
  };
  return {
    info: (fields, message) => log.info(withTrace(fields), message),
    warn: (fields, message) => log.warn(withTrace(fields), message),
    error(fields, message) {
      const span = activeSpan();
      if (span !== null) markFailed(span);
      log.error(withTrace(fields), message);
    },
  };
}
