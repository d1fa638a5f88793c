import { Gauge, type Registry } from 'prom-client';
import type { HealthProbes } from './health.ts';

/** Gauges that are read at each scrape. A probe that gets no answer leaves its gauge out. */
export function registerHealthMetrics(registry: Registry, probes: HealthProbes): void {
  const registers = [registry];
  new Gauge({
    name: 'syncbot_redis_up',
    help: "Whether the bot's Redis answers within a second.",
    registers,
    async collect() {
      this.set((await probes.pingRedis()) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'syncbot_queue_jobs',
    help: "Jobs in the bot's own queues, by queue and state.",
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      const counts = await probes.readJobCounts();
      this.reset();
      for (const [queue, states] of Object.entries(counts ?? {})) {
        for (const [state, jobs] of Object.entries(states)) this.set({ queue, state }, jobs);
      }
    },
  });
  new Gauge({
    name: 'syncbot_connections_missing',
    help: 'Connections that links of stored projects use and this worker does not have, by name.',
    labelNames: ['connection'],
    registers,
    collect() {
      this.reset();
      for (const connection of probes.missingConnections() ?? []) this.set({ connection }, 1);
    },
  });
  const { isSlackConnected } = probes;
  if (isSlackConnected === null) return;
  new Gauge({
    name: 'syncbot_slack_connected',
    help: 'Socket Mode: whether Slack sent hello on an open socket. HTTP mode: whether the bot listens.',
    registers,
    collect() {
      this.set(isSlackConnected() ? 1 : 0);
    },
  });
}
