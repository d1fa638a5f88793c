import type { UnusableConnection } from '../domain/configuration.ts';
import type { ObservationStatus } from '../domain/observation-status.ts';
import { messages } from '../messages/catalog.ts';
import { formatUtc } from '../messages/format.ts';

/** What the parts of a process report about themselves. No probe takes longer than about a second, and none throws. */
export interface HealthProbes {
  /** Whether the bot's Redis answers now. */
  readonly pingRedis: () => Promise<boolean>;
  /** Whether Slack can reach the bot now. Null when the role does not use Slack. */
  readonly isSlackConnected: (() => boolean) | null;
  /** The bot's queues that this process must work on. */
  readonly expectedQueues: readonly string[];
  /** The bot's queues that this process works on now. */
  readonly activeQueues: () => readonly string[];
  /**
   * Connections that links of stored projects use and this worker does not have. Null until they have been read. Empty in a
   * process without workers.
   */
  readonly missingConnections: () => readonly string[] | null;
  /** The stored connections that this process cannot use until it is restarted. */
  readonly unusableConnections: () => readonly UnusableConnection[];
  /** Whether the policy, settings and connections that `apply` stored cannot be read. */
  readonly isConfigurationUnreadable: () => boolean;
  /** Whether a worker observes the links. Null when Redis does not answer. */
  readonly readObservationStatus: () => Promise<ObservationStatus | null>;
  /** Jobs by queue and state. Null when Redis does not answer. */
  readonly readJobCounts: () => Promise<Readonly<Record<string, Readonly<Record<string, number>>>> | null>;
  /** Aborted when the process stops. */
  readonly stopSignal: AbortSignal;
}

/** The answer of `/readyz`. */
export interface Readiness {
  readonly ready: boolean;
  /** The status of each part: `ready`, or what is wrong. `workers` also shows that no worker observes the links. */
  readonly parts: Readonly<Record<string, string>>;
}

const texts = messages.health;

const ready = 'ready';

/** Whether this process can do its work. */
export async function checkReadiness(probes: HealthProbes): Promise<Readiness> {
  const { isSlackConnected, expectedQueues, stopSignal } = probes;
  if (stopSignal.aborted) return toReadiness({ process: texts.stopping });
  const [isRedisUp, observation] = await Promise.all([probes.pingRedis(), probes.readObservationStatus()]);
  // Read after the wait, so that the answer is current.
  const activeQueues = new Set(probes.activeQueues());
  const idleQueues = expectedQueues.filter((queue) => !activeQueues.has(queue));
  const executesActions = expectedQueues.includes('actions');
  const readiness = toReadiness({
    ...(stopSignal.aborted ? { process: texts.stopping } : {}),
    redis: isRedisUp ? ready : texts.noAnswer,
    ...(isSlackConnected === null ? {} : { slack: isSlackConnected() ? ready : texts.notConnected }),
    workers: idleQueues.length === 0 ? ready : texts.idleQueues(idleQueues),
    ...(executesActions ? connectionPart(probes) : {}),
  });
  // With what follows, this process can do its own work. Over HTTP, Slack would not reach a bot that is not ready.
  const notes = {
    ...(executesActions ? {} : connectionPart(probes)),
    ...(probes.isConfigurationUnreadable() ? { configuration: texts.unreadableConfiguration } : {}),
    ...(readiness.parts['workers'] === ready ? observerNote(observation, expectedQueues) : {}),
  };
  return { ...readiness, parts: { ...readiness.parts, ...notes } };
}

/** A worker that has just started has not completed a cycle yet. */
function observerNote(observation: ObservationStatus | null, expectedQueues: readonly string[]): Readiness['parts'] {
  if (observation?.kind !== 'not_observed') return {};
  if (observation.since === null && expectedQueues.includes('observe')) return {};
  return { workers: messages.observation.notObserved(observation.since, { time: formatUtc }) };
}

function connectionPart({ missingConnections, unusableConnections }: HealthProbes): Readiness['parts'] {
  const unusable = unusableConnections();
  const missing = missingConnections()?.filter((name) => !unusable.some((each) => each.name === name));
  const problems = [
    ...unusable.map(messages.configuration.unusable),
    ...(missing === undefined ? [texts.connectionsNotRead] : []),
    ...(missing === undefined || missing.length === 0 ? [] : [texts.missingConnections(missing)]),
  ];
  return problems.length === 0 ? {} : { connections: problems.join('; ') };
}

function toReadiness(parts: Readiness['parts']): Readiness {
  return { ready: Object.values(parts).every((status) => status === ready), parts };
}
