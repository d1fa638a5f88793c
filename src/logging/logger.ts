import { type DestinationStream, type Logger, pino } from 'pino';
import { redactText } from './redact.ts';
import { redactedKeys, redactFields } from './redact-fields.ts';

export type { Logger } from 'pino';

/**
 * A logger that writes JSON lines: a constant sentence with fields. What a line may hold: ids of projects, links, tasks,
 * operations, jobs, people and channels; states, codes, counts and times; of an error its name, its code, its first line
 * with every value, address and host masked, and where it came from. Everything passes through here, whoever logs, so that
 * no token, response_url, trigger id, payload, host, e-mail address or password is ever in one.
 */
export function createLogger({ level, to }: { readonly level: string; readonly to?: DestinationStream }): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      hooks: {
        logMethod(said, method) {
          method.apply(this, normalizeArgs(said));
        },
      },
      // Of fields that are bound to a child logger; those of a line have been seen to.
      redact: { paths: [...redactedKeys], censor: '[redacted]' },
    },
    to ?? pino.destination({ dest: 2, sync: true }),
  );
}

type LogArgs = Parameters<Logger['info']>;

/** Without a sentence the line would take that of an error as it is; what would be put into one is dropped. */
function normalizeArgs([fields, sentence]: readonly unknown[]): LogArgs {
  if (typeof fields === 'string') return [{}, redactText(fields)];
  return [fields ?? {}, typeof sentence === 'string' ? redactText(sentence) : 'no sentence'];
}
