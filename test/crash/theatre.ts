import { Redis } from 'ioredis';
import { sweep } from '../../src/application/sweep.ts';
import type { Core } from '../../src/core.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, targetOf, testSettings, type World } from '../support/world.ts';
import { type StoppingProxy, startStoppingProxy, type Watch } from './stopping-proxy.ts';
import { startVictim, type Victim } from './victim-process.ts';

/** Two Redis servers on which one crash after the other is played. */
export interface Theatre extends AsyncDisposable {
  readonly world: World;
  redisOf(connection: 'default' | 'far'): Redis;
  /** How often a process has been stopped at a point. */
  stops(): number;
  /** A name for the next project. */
  nextProject(): string;
  /** A process behind a proxy, ready to work or to be pressed OK. */
  victim(works: boolean): Promise<Cast>;
  /** A worker that nobody stops, started after a crash. It has swept once, and never will again. */
  healthy(): Promise<Core>;
}

export interface Cast extends AsyncDisposable {
  readonly victim: Victim;
  readonly proxy: StoppingProxy;
  /** Resolves when the victim has been stopped at its point. */
  stopped(watch: Watch): Promise<void>;
}

const hourMs = 3_600_000;
/** How long a worker may be silent before another takes its job over. */
const lockMs = 500;

/** `folder`: the compiled sources. */
export async function openTheatre(folder: string): Promise<Theatre> {
  const world = await openWorld({ servers: ['far'] });
  const ports = [world.server().port, world.server('far').port];
  const far = new Redis(world.urlOf('far'));
  let projects = 0;
  let stops = 0;
  return {
    world,
    redisOf: (connection) => (connection === 'far' ? far : world.redis),
    stops: () => stops,
    nextProject: () => `p${++projects}`,
    async victim(works) {
      const proxy = await startStoppingProxy(ports);
      const victim = await startVictim(folder);
      const [near = '', far = ''] = proxy.urls;
      const config = { redis: targetOf(near), connections: { far: targetOf(far) }, settings: testSettings };
      await victim.open({ config, lockMs, works });
      return {
        victim,
        proxy,
        async stopped(watch) {
          await waitFor(() => watch.isStopped(), { describe: 'the point' });
          stops++;
        },
        async [Symbol.asyncDispose]() {
          await victim.kill();
          await proxy[Symbol.asyncDispose]();
        },
      };
    },
    async healthy() {
      const core = world.another({ lockMs, sweepEveryMs: hourMs });
      const { store } = core.deps;
      core.startTelling({
        async tell(ref) {
          const operation = await store.readOperation(ref);
          if (operation !== null) await store.told(ref, { seq: operation.seq, message: null, dialogUses: 0 });
        },
        alert: async () => {},
      });
      await core.startWorker();
      await sweep(core.deps);
      return core;
    },
    async [Symbol.asyncDispose]() {
      far.disconnect();
      await world[Symbol.asyncDispose]();
    },
  };
}
