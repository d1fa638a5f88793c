import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Logger } from '../application/context.ts';

/** What a process is; `role`: all, bot or worker. */
export interface Build {
  readonly version: string;
  readonly role: string;
}

export function createBuildInfo(registry: Registry, { version, role }: Build): void {
  const build = new Gauge({
    name: 'syncbot_build_info',
    help: 'Always 1; its labels say what runs here.',
    labelNames: ['version', 'node_version', 'role'],
    registers: [registry],
  });
  build.set({ version, node_version: process.version, role }, 1);
}

/** The same log, whose warnings and errors are counted: every fault that nobody expected is an error there. */
export function createLogCounter(registry: Registry): (log: Logger) => Logger {
  const lines = new Counter({
    name: 'syncbot_log_lines_total',
    help: 'Lines of the log that are warnings or errors; a fault that nobody expected is an error.',
    labelNames: ['level'],
    registers: [registry],
  });
  for (const level of ['warn', 'error']) lines.inc({ level }, 0);
  return (log) => ({
    info: (fields, sentence) => log.info(fields, sentence),
    warn(fields, sentence) {
      lines.inc({ level: 'warn' });
      log.warn(fields, sentence);
    },
    error(fields, sentence) {
      lines.inc({ level: 'error' });
      log.error(fields, sentence);
    },
  });
}

let processMetrics: Registry | null = null;

/** From now on: what an event loop does between two scrapes has to be watched. */
export function startProcessMetrics(): void {
  processRegistry();
}

/** Event loop, memory and collections of the process, in Prometheus' text format. */
export async function renderProcessMetrics(): Promise<string> {
  const text = await processRegistry().metrics();
  // What has not been measured since the last scrape is no number, which prom-client misspells.
  return text.replace(/ Nan$/gm, ' NaN');
}

/** One a process: its observers cannot be taken off again. */
function processRegistry(): Registry {
  if (processMetrics !== null) return processMetrics;
  processMetrics = new Registry();
  collectDefaultMetrics({ register: processMetrics });
  return processMetrics;
}
