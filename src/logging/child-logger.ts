import type { Logger } from '../application/context.ts';

/** The same log, each line of which says what it is about: `project`, and `operationId` where there is an operation. */
export function childLogger(log: Logger, bindings: object): Logger {
  return {
    info: (fields, message) => log.info({ ...bindings, ...fields }, message),
    warn: (fields, message) => log.warn({ ...bindings, ...fields }, message),
    error: (fields, message) => log.error({ ...bindings, ...fields }, message),
  };
}
