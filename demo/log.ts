import { type Logger, pino } from 'pino';

/** The demo's log goes to a file, so that the terminal keeps what people need. */
export function createDemoLog(file: string, level = 'info'): Logger {
  const isKnownLevel = Object.hasOwn(pino.levels.values, level) || level === 'silent';
  return pino({ level: isKnownLevel ? level : 'info' }, pino.destination({ dest: file, sync: true }));
}
