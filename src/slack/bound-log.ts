import type { Log } from '../application/deps.ts';

/** The same log, each line of which says what it is about: `project`, and `operationId` where there is an operation. */
export function boundLog(log: Log, about: object): Log {
  return {
    info: (fields, sentence) => log.info({ ...about, ...fields }, sentence),
    warn: (fields, sentence) => log.warn({ ...about, ...fields }, sentence),
    error: (fields, sentence) => log.error({ ...about, ...fields }, sentence),
  };
}
