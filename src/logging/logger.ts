import { type DestinationStream, type Logger, pino } from 'pino';
import { redactText } from './redact.ts';
import { redactedKeys, redactFields } from './redact-fields.ts';

export type { Logger } from 'pino';

/**
 * A pino logger that writes JSON lines: fields and a constant message. A line may contain ids of projects, links, tasks,
 * operations, jobs, people and channels, states, codes, counts, times, and serialized errors. Every line is redacted here, so
 * that no token, response_url, trigger id, payload, host, e-mail address or password is ever logged.
 */
export function createLogger({ level, to }: { readonly level: string; readonly to?: DestinationStream }): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      hooks: {
        logMethod(args, method) {
          method.apply(this, normalizeArgs(args));
        },
      },
      // For the bindings of a child logger. `redactFields` handles the fields of a line.
      redact: { paths: [...redactedKeys], censor: '[redacted]' },
    },
    to ?? pino.destination({ dest: 2, sync: true }),
  );
}

type LogArgs = Parameters<Logger['info']>;

/** pino would copy the message of an error into `msg`, and interpolate further arguments. Both could contain a secret. */
function normalizeArgs([fields, message]: readonly unknown[]): LogArgs {
  if (typeof fields === 'string') return [{}, redactText(fields)];
  return [fields ?? {}, typeof message === 'string' ? redactText(message) : 'no message'];
}
