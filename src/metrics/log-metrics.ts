import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../application/context.ts';

/** Wraps a log so that warnings and errors are counted. Every unexpected error is logged as an error. */
export function createLogCounter(registry: Registry): (log: Logger) => Logger {
  const lines = new Counter({
    name: 'syncbot_log_lines_total',
    help: 'Log lines with level warn or error. An unexpected error is an error.',
    labelNames: ['level'],
    registers: [registry],
  });
  for (const level of ['warn', 'error']) lines.inc({ level }, 0);
  return (log) => ({
    info: (fields, message) => log.info(fields, message),
    warn(fields, message) {
      lines.inc({ level: 'warn' });
      log.warn(fields, message);
    },
    error(fields, message) {
      lines.inc({ level: 'error' });
      log.error(fields, message);
    },
  });
}
