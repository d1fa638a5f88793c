import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { convergeStanding } from './application/converge.ts';
import type { Deps, Log } from './application/deps.ts';
import { execute } from './application/execute.ts';
import { StoreUnavailable } from './application/faults.ts';
import { type OnLooked, observeAll } from './application/observe.ts';
import type { Clock, Ids, Teller } from './application/ports.ts';
import { round } from './application/round.ts';
import type { ProjectStore } from './application/store.ts';
import { sweep } from './application/sweep.ts';
import { within } from './application/within.ts';
import type { OperationRef } from './domain/operation.ts';
import { defaultConnection } from './domain/project.ts';
import { type Depth, openBotQueues } from './infra/bullmq/bot-queues.ts';
import { type BotWorker, startWorker } from './infra/bullmq/bot-workers.ts';
import type { QueueName } from './infra/bullmq/job-catalog.ts';
import { openLinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkEngine } from './infra/bullmq/link-engine.ts';
import { answering } from './infra/redis/answering.ts';
import { type ConnectionUse, connect, disconnect, type RedisClient } from './infra/redis/connect.ts';
import { createProjectStore } from './infra/redis/project-store.ts';
import type { RedisTarget } from './redis-address.ts';
import { untilThere } from './until-there.ts';

/** What the core is built from. Durations are ms. */
export interface CoreConfig {
  /** The bot's own Redis; links without a connection of their own live there too. */
  readonly redis: RedisTarget;
  /** The named connections of syncbot.yml. */
  readonly connections: Readonly<Record<string, RedisTarget>>;
  readonly settings: CoreSettings;
}

export interface CoreSettings {
  readonly confirmationTtlMs: number;
  readonly observeEveryMs: number;
  readonly operationRetentionMs: number;
  readonly auditLength: number;
}

/** What tests replace, and who watches. */
export interface CoreOverrides {
  readonly sweepEveryMs?: number;
  readonly lockMs?: number;
  readonly clock?: Clock;
  readonly ids?: Ids;
  readonly watch?: CoreWatch;
}

/** Who counts what the core does, and changes nothing of it. */
export interface CoreWatch {
  /** The same store, watched. */
  readonly measured: (store: ProjectStore) => ProjectStore;
  /** Does a round of the observer and is told what it saw. */
  readonly round: (observe: (onLooked: OnLooked) => Promise<void>) => Promise<void>;
}

/** How the core stands. Each takes about a second at most, and none throws. */
export interface CoreHealth {
  /** Whether the bot's Redis answers. */
  readonly redisAnswers: () => Promise<boolean>;
  /** The queues on which this process works. */
  readonly queuesWorkedOn: () => readonly QueueName[];
  /** Jobs in the bot's queues; null: not known. */
  readonly queueDepths: () => Promise<Readonly<Record<QueueName, Depth>> | null>;
}

/** Redis and BullMQ wired to the use cases. `app.ts` adds Slack and the command line. */
export interface Core extends AsyncDisposable {
  readonly deps: Deps;
  readonly health: CoreHealth;
  /** Work on actions and rounds begins: the role `worker`. Resolves when Redis has been there, or work has been stopped. */
  startWorker(): Promise<void>;
  /** Messages begin to be written: part of the role `bot`. */
  startTelling(teller: Teller): void;
  /** Takes up nothing new, and lets go of what is under way after some seconds: another worker carries it on. */
  stopWork(): Promise<void>;
}

const sweepEveryMs = 10_000;
const roundWithinMs = 60_000;
const depthsWithinMs = 1_000;
/** How long a converge that no person waits for tries to reach a link; the sweep asks again. */
const convergeForMs = 10_000;

/** Builds everything from a config; disposing takes it apart in the reverse order. Nothing is built on import. */
export function openCore(config: CoreConfig, log: Log, overrides: CoreOverrides = {}): Core {
  const stopping = new AbortController();
  // Everything that waits for a link listens to it.
  setMaxListeners(0, stopping.signal);
  const trouble = (connection: string, error: Error) => log.warn({ connection, error }, 'redis connection trouble');
  const clients: RedisClient[] = [];
  const open = (use: ConnectionUse, name: string) => {
    const client = connect(config.redis, use, (error) => trouble(name, error));
    clients.push(client);
    return client;
  };

  const commands = open('commands', 'bot');
  const connections = openLinkConnections({ ...config.connections, [defaultConnection]: config.redis }, trouble);
  const queues = openBotQueues(commands, (error) => trouble('bot', error));
  const workers: BotWorker[] = [];
  const { watch } = overrides;

  const { confirmationTtlMs, observeEveryMs, operationRetentionMs, auditLength } = config.settings;
  const kept = createProjectStore(commands, { auditLength, retentionMs: operationRetentionMs }, (project, error) =>
    log.error({ project, error }, 'record not readable, left out'),
  );
  const deps: Deps = {
    store: watch?.measured(kept) ?? kept,
    links: createLinkEngine(connections),
    queue: queues.actions,
    notifier: queues.notifier,
    clock: overrides.clock ?? systemClock,
    ids: overrides.ids ?? randomIds,
    settings: { confirmationTtlMs },
    stopping: stopping.signal,
    log,
  };
  const common = { log, ...(overrides.lockMs === undefined ? {} : { lockMs: overrides.lockMs }) };
  const every = { observeMs: observeEveryMs, sweepMs: overrides.sweepEveryMs ?? sweepEveryMs };
  const scheduleRounds = () =>
    untilThere(() => queues.schedule(every), {
      sentence: 'rounds not scheduled yet',
      isAway: (error) => error instanceof StoreUnavailable,
      log,
      clock: deps.clock,
      signal: stopping.signal,
    });
  const stopWork = async () => {
    stopping.abort();
    await Promise.all(workers.splice(0).map((worker) => worker[Symbol.asyncDispose]()));
  };

  return {
    deps,
    health: {
      redisAnswers: answering(commands),
      queuesWorkedOn: () => workers.filter((worker) => worker.isRunning()).map(({ queue }) => queue),
      queueDepths: async () => (await within(queues.depths(), depthsWithinMs)) ?? null,
    },
    async startWorker() {
      const client = open('blocking', 'worker');
      const rounds = { client, deadlineMs: 2 * roundWithinMs + 1_000, ...common };
      const observe = () => round(deps, { everyMs: observeEveryMs, withinMs: roundWithinMs }, observing(watch));
      const tidy = () => round(deps, { everyMs: every.sweepMs, withinMs: roundWithinMs }, sweep);
      workers.push(
        startWorker({ queue: 'actions', handlers: { execute: (ref) => execute(deps, ref) }, client, ...common }),
        startWorker({ queue: 'upkeep', handlers: { converge: upkeep(deps) }, client, ...common }),
        startWorker({ queue: 'observe', handlers: { observe }, ...rounds }),
        startWorker({ queue: 'sweep', handlers: { sweep: tidy }, ...rounds }),
      );
      // A Redis that comes back may have lost what it was told last.
      client.on('ready', () => {
        scheduleRounds().catch((error: unknown) => log.error({ error }, 'rounds could not be scheduled'));
      });
      await scheduleRounds();
    },
    startTelling(teller) {
      const handlers = {
        tell: (ref: OperationRef) => teller.tell(ref),
        alert: ({ project }: { readonly project: string }) => teller.alert(project),
      };
      workers.push(startWorker({ queue: 'notices', handlers, client: open('blocking', 'bot'), ...common }));
    },
    stopWork,
    async [Symbol.asyncDispose]() {
      await stopWork();
      await queues[Symbol.asyncDispose]();
      await Promise.all([connections[Symbol.asyncDispose](), ...clients.map(disconnect)]);
    },
  };
}

function observing(watch: CoreWatch | undefined) {
  return (deps: Deps) =>
    watch === undefined ? observeAll(deps) : watch.round((onLooked) => observeAll(deps, onLooked));
}

function upkeep(deps: Deps) {
  return async ({ project }: { readonly project: string }): Promise<void> => {
    await convergeStanding(deps, project, convergeForMs);
  };
}

const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};

const randomIds: Ids = { operation: () => randomBytes(12).toString('hex') };
