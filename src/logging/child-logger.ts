import type { Logger } from '../application/context.ts';

/** A log that adds these fields to every line, such as `project` and `operationId`. */
export function childLogger(log: Logger, bindings: object): Logger {
  return {
    info: (fields, message) => log.info({ ...bindings, ...fields }, message),
    warn: (fields, message) => log.warn({ ...bindings, ...fields }, message),
    error: (fields, message) => log.error({ ...bindings, ...fields }, message),
  };
}
