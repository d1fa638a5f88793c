import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { convergeStanding } from './application/converge.ts';
import type { Deps, Log } from './application/deps.ts';
import { execute } from './application/execute.ts';
import { observeAll } from './application/observe.ts';
import type { Clock, Ids, Teller } from './application/ports.ts';
import { sweep } from './application/sweep.ts';
import type { ConnectionFacts } from './domain/precheck.ts';
import { defaultConnection } from './domain/project.ts';
import { openBotQueues } from './infra/bullmq/bot-queues.ts';
import { startWorker } from './infra/bullmq/bot-workers.ts';
import { openLinkConnections } from './infra/bullmq/link-connections.ts';
import { createLinkEngine } from './infra/bullmq/link-engine.ts';
import { serverFacts } from './infra/bullmq/server-facts.ts';
import { connect, disconnect, type RedisTarget } from './infra/redis/connect.ts';
import { createProjectStore } from './infra/redis/project-store.ts';

/** What the parts are built from. Durations are ms. */
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

/** What tests replace. */
export interface CoreOverrides {
  readonly sweepEveryMs?: number;
  readonly lockMs?: number;
  readonly clock?: Clock;
  readonly ids?: Ids;
}

export interface Core extends AsyncDisposable {
  readonly deps: Deps;
  /** Work on actions and rounds begins: the role `worker`. */
  startWorker(): Promise<void>;
  /** Messages begin to be written: part of the role `bot`. */
  startTelling(teller: Teller): void;
  /** What the bot's own Redis says of itself. */
  redisFacts(): Promise<ConnectionFacts>;
}

const sweepEveryMs = 10_000;
const roundWithinMs = 60_000;
/** How long a converge that no person waits for tries to reach a link; the sweep asks again. */
const convergeForMs = 10_000;

/** Builds everything from a config; disposing takes it apart in the reverse order. Nothing is built on import. */
export function openCore(config: CoreConfig, log: Log, overrides: CoreOverrides = {}): Core {
  const disposers: (() => PromiseLike<void>)[] = [];
  const stopping = new AbortController();
  const trouble = (connection: string) => (error: Error) =>
    log.warn({ connection, error: error.message }, 'redis connection trouble');

  const commands = connect(config.redis, 'commands', trouble('bot'));
  disposers.push(() => disconnect(commands));
  const connections = openLinkConnections({ ...config.connections, [defaultConnection]: config.redis }, (name, error) =>
    trouble(name)(error),
  );
  disposers.push(() => connections[Symbol.asyncDispose]());
  const queues = openBotQueues(commands, trouble('bot'));
  disposers.push(() => queues[Symbol.asyncDispose]());

  const { confirmationTtlMs, observeEveryMs, operationRetentionMs, auditLength } = config.settings;
  const deps: Deps = {
    store: createProjectStore(commands, { auditLength, retentionMs: operationRetentionMs }, (project, error) =>
      log.error(
        { project, error: error instanceof Error ? error.message : 'unknown' },
        'record not readable, left out',
      ),
    ),
    links: createLinkEngine(connections),
    queue: queues.actions,
    notifier: queues.notifier,
    clock: overrides.clock ?? systemClock,
    ids: overrides.ids ?? randomIds,
    settings: { confirmationTtlMs, observeEveryMs },
    stopping: stopping.signal,
    log,
  };
  const lock = overrides.lockMs === undefined ? {} : { lockMs: overrides.lockMs };
  const openBlocking = () => {
    const client = connect(config.redis, 'blocking', trouble('worker'));
    disposers.push(() => disconnect(client));
    return client;
  };

  return {
    deps,
    async startWorker() {
      const client = openBlocking();
      const actions = startWorker({ queue: 'actions', handlers: actionHandlers(deps), client, log, ...lock });
      disposers.push(() => actions[Symbol.asyncDispose]());
      const handlers = roundHandlers(deps);
      const rounds = startWorker({ queue: 'rounds', handlers, client, log, deadlineMs: roundWithinMs, ...lock });
      disposers.push(() => rounds[Symbol.asyncDispose]());
      await queues.schedule({ observeMs: observeEveryMs, sweepMs: overrides.sweepEveryMs ?? sweepEveryMs });
    },
    startTelling(teller) {
      const handlers = { tell: (ref: Parameters<Teller['tell']>[0]) => teller.tell(ref) };
      const notices = startWorker({ queue: 'notices', handlers, client: openBlocking(), log, ...lock });
      disposers.push(() => notices[Symbol.asyncDispose]());
    },
    redisFacts: () => serverFacts(defaultConnection, commands),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      while (disposers.length > 0) await disposers.pop()?.();
    },
  };
}

function actionHandlers(deps: Deps) {
  return {
    execute: (ref: Parameters<typeof execute>[1]) => execute(deps, ref),
    async converge({ project }: { readonly project: string }) {
      await convergeStanding(deps, project, convergeForMs);
    },
  };
}

function roundHandlers(deps: Deps) {
  return { observe: () => observeAll(deps), sweep: () => sweep(deps) };
}

const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {}),
};

const randomIds: Ids = { operation: () => randomBytes(12).toString('hex') };
