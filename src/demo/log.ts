import { type Logger, pino } from 'pino';

/** The demo's log goes to a file, so that the terminal keeps what people need. */
export function openLog(file: string, level = 'info'): Logger {
  const known = Object.hasOwn(pino.levels.values, level) || level === 'silent';
  return pino({ level: known ? level : 'info' }, pino.destination({ dest: file, sync: true }));
}
