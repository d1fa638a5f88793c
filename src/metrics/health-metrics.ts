import { Gauge, type Registry } from 'prom-client';
import type { HealthProbes } from './health.ts';

/** Figures that are read when they are asked for. What does not answer in time is left out; nothing hangs. */
export function createHealthMetrics(registry: Registry, probes: HealthProbes): void {
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
      const counts = await probes.readQueueCounts();
      this.reset();
      for (const [queue, states] of Object.entries(counts ?? {})) {
        for (const [state, jobs] of Object.entries(states)) this.set({ queue, state }, jobs);
      }
    },
  });
  const { isSlackConnected } = probes;
  if (isSlackConnected === null) return;
  new Gauge({
    name: 'syncbot_slack_connected',
    help: 'In Socket Mode whether Slack said hello on the socket that is open now, in HTTP mode whether the bot listens.',
    registers,
    collect() {
      this.set(isSlackConnected() ? 1 : 0);
    },
  });
}
