/** How a process stands, as its parts say. Nothing here takes longer than about a second, and nothing throws. */
export interface Standing {
  /** Whether the bot's Redis answers now. */
  readonly redisAnswers: () => Promise<boolean>;
  /** Whether Slack can reach the bot now; null: the role does without Slack. */
  readonly slackConnected: (() => boolean) | null;
  /** Which of the bot's queues this process is to work on, and which it works on now. */
  readonly queuesWanted: readonly string[];
  readonly queuesWorkedOn: () => readonly string[];
  /** Jobs by queue and state; null: not known. */
  readonly queueDepths: () => Promise<QueueDepths | null>;
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal;
}

export type QueueDepths = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface Readiness {
  readonly ready: boolean;
  /** What each part says, in words for people; `ready` when it is. */
  readonly parts: Readonly<Record<string, string>>;
}

const ready = 'ready';

/** Whether the process can do its work, and which part cannot. */
export async function readinessOf(standing: Standing): Promise<Readiness> {
  if (standing.stopping.aborted) return told({ process: 'is stopping' });
  const answers = await standing.redisAnswers();
  // Asked for after the wait: what is so now.
  const { slackConnected, queuesWanted, stopping } = standing;
  const workedOn = new Set(standing.queuesWorkedOn());
  const idle = queuesWanted.filter((queue) => !workedOn.has(queue));
  return told({
    ...(stopping.aborted ? { process: 'is stopping' } : {}),
    redis: answers ? ready : 'does not answer',
    ...(slackConnected === null ? {} : { slack: slackConnected() ? ready : 'is not connected' }),
    workers: idle.length === 0 ? ready : `nobody works on: ${idle.join(', ')}`,
  });
}

function told(parts: Readiness['parts']): Readiness {
  return { ready: Object.values(parts).every((said) => said === ready), parts };
}
