import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { requestBatch } from '../src/application/request-batch.ts';
import { withTimeout } from '../src/lib/async.ts';
import { Services } from '../src/services.ts';
import { actionIds } from '../src/slack/action-ids.ts';
import { onBatchOk } from '../src/slack/listeners/batch.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { createOkPresser, watchPauses } from './pause-subject.ts';
import { resumeAll } from './queues.ts';
import {
  createProjects,
  createStoresFor,
  idleOverrides,
  idleSettings,
  makeDefinitions,
  queueNames,
} from './redis-fixture.ts';
import { benchmarkUser } from './slack-fixture.ts';

/** Ends a wait that would otherwise last forever. */
const timeoutMs = 120_000;

export interface BatchPauser extends AsyncDisposable {
  /**
   * Pauses this many projects in one batch. Returns the time until the last of their links is paused. The links are running
   * before and after.
   */
  measurePauseMs(projects: number): Promise<number>;
}

/** Pauses projects with the bot's own code, from a press of OK. `redis` is a connection for what is not measured. */
export async function startBatchSubject(url: string, redis: Redis, linksEach: number): Promise<BatchPauser> {
  const config = { redis: { kind: 'standalone', url } as const, connections: {}, settings: idleSettings };
  const core = new Services(config, pino({ level: 'silent' }), idleOverrides);
  await core.startWorkers();
  const press = createOkPresser(core, { actionId: actionIds.batch.ok, run: onBatchOk });
  const waitForLastPaused = watchPauses(core);
  const { context } = core;
  const stores = createStoresFor(redis);

  return {
    async measurePauseMs(projects) {
      const definitions = makeDefinitions({ projects, linksEach });
      await createProjects(stores, definitions, 'running');
      const requested = await requestBatch(context, {
        action: 'pause',
        by: benchmarkUser.user,
        reason: null,
        selection: 'state:running',
        after: null,
        origin: 'slack',
        channel: benchmarkUser.channel,
        threadTs: null,
        projects: await stores.projects.readMany(definitions.map(({ id }) => id)),
        waves: null,
      });
      if (requested.kind !== 'requested') throw new Error(`not requested: ${requested.kind}`);
      const { id } = requested.batch;
      const lastPausedAt = waitForLastPaused(projects * linksEach);
      const start = performance.now();
      void press(id);
      const paused = await withTimeout(lastPausedAt, timeoutMs);
      if (paused.kind !== 'resolved') throw new Error(`the links were not paused: ${paused.kind}`);
      await waitFor(async () => (await stores.batches.read(id))?.state === 'done', {
        description: 'the end of the batch',
        timeoutMs,
      });
      await resumeAll(redis, queueNames(definitions));
      await removeProjects(
        stores,
        definitions.map((definition) => definition.id),
      );
      return paused.value - start;
    },
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function removeProjects({ projects }: ReturnType<typeof createStoresFor>, ids: readonly string[]): Promise<void> {
  await Promise.all(ids.map(async (id) => projects.remove(id, (await projects.readVersion(id)) ?? 0, 'cli:bench')));
}
