import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

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
