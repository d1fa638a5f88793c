import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Logger } from '../application/context.ts';

export interface ProcessInfo {
  readonly version: string;
  /** `all`, `bot` or `worker`. */
  readonly role: string;
}

export function registerBuildInfo(registry: Registry, { version, role }: ProcessInfo): void {
  const build = new Gauge({
    name: 'syncbot_build_info',
    help: 'Always 1. The labels name the version, the Node.js version and the role.',
    labelNames: ['version', 'node_version', 'role'],
    registers: [registry],
  });
  build.set({ version, node_version: process.version, role }, 1);
}

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

/** One per process: prom-client 15.1.3 has no way to stop its observers of the event loop. */
let processRegistry: Registry | null = null;

/** Starts to measure the event loop, memory and garbage collection of this process. */
export function startProcessMetrics(): Registry {
  if (processRegistry !== null) return processRegistry;
  processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry });
  return processRegistry;
}

/** The metrics of this process, in Prometheus' text format. */
export async function renderProcessMetrics(): Promise<string> {
  const text = await startProcessMetrics().metrics();
  // prom-client 15.1.3 writes `Nan` for a value without a sample since the last scrape. Prometheus reads `NaN` only. No upstream
  // issue found. Remove this once prom-client writes `NaN`.
  return text.replace(/ Nan$/gm, ' NaN');
}
