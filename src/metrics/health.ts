/** How a process stands, as its parts say. Nothing here takes longer than about a second, and nothing throws. */
export interface HealthProbes {
  /** Whether the bot's Redis answers now. */
  readonly pingRedis: () => Promise<boolean>;
  /** Whether Slack can reach the bot now; null: the role does without Slack. */
  readonly isSlackConnected: (() => boolean) | null;
  /** Which of the bot's queues this process is to work on, and which it works on now. */
  readonly expectedQueues: readonly string[];
  readonly activeQueues: () => readonly string[];
  /** Jobs by queue and state; null: not known. */
  readonly readQueueCounts: () => Promise<QueueCounts | null>;
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal;
}

export type QueueCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Readiness {
  readonly ready: boolean;
  /** What each part says, in words for people; `ready` when it is. */
  readonly parts: Readonly<Record<string, string>>;
}

const ready = 'ready';

/** Whether the process can do its work, and which part cannot. */
export async function checkReadiness(probes: HealthProbes): Promise<Readiness> {
  if (probes.stopping.aborted) return toReadiness({ process: 'is stopping' });
  const isRedisUp = await probes.pingRedis();
  // Asked for after the wait: what is so now.
  const { isSlackConnected, expectedQueues, stopping } = probes;
  const active = new Set(probes.activeQueues());
  const idle = expectedQueues.filter((queue) => !active.has(queue));
  return toReadiness({
    ...(stopping.aborted ? { process: 'is stopping' } : {}),
    redis: isRedisUp ? ready : 'does not answer',
    ...(isSlackConnected === null ? {} : { slack: isSlackConnected() ? ready : 'is not connected' }),
    workers: idle.length === 0 ? ready : `nobody works on: ${idle.join(', ')}`,
  });
}

function toReadiness(parts: Readiness['parts']): Readiness {
  return { ready: Object.values(parts).every((status) => status === ready), parts };
}
