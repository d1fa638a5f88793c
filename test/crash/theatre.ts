import { Redis } from 'ioredis';
import { sweep } from '../../src/application/sweep.ts';
import type { Core } from '../../src/core.ts';
import { waitFor } from '../support/wait.ts';
import { openWorld, targetOf, testSettings, type World } from '../support/world.ts';
import { ownScripts } from './points.ts';
import { type StoppingProxy, startStoppingProxy, type Watch } from './stopping-proxy.ts';
import { startVictim, type Victim } from './victim-process.ts';

/** Two Redis servers on which one crash after the other is played. */
export interface Theatre extends AsyncDisposable {
  readonly world: World;
  redisOf(connection: 'default' | 'far'): Redis;
  /** The scripts that its servers know. A new server is asked for a script twice, at first without its text. */
  readonly scripts: ReadonlySet<string>;
  /** How often a process has been stopped at a point. */
  stops(): number;
  /** A name for the next project. */
  nextProject(): string;
  /** A process behind a proxy, ready to work or to be pressed OK. */
  victim(details: { readonly works: boolean; readonly lockMs?: number }): Promise<Cast>;
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
const shortLockMs = 1_000;

/** `folder`: the compiled sources. `scripts`: what another theatre has learned. */
export async function openTheatre(folder: string, scripts: ReadonlySet<string> = new Set()): Promise<Theatre> {
  const world = await openWorld({ servers: ['far'] });
  const learned = new Set(scripts);
  for (const { lua } of Object.values(ownScripts)) learned.add(lua);
  const ports = [world.server().port, world.server('far').port];
  const far = new Redis(world.urlOf('far'));
  for (const text of learned) await Promise.all([world.redis, far].map((redis) => redis.script('LOAD', text)));
  let projects = 0;
  let stops = 0;
  return {
    world,
    redisOf: (connection) => (connection === 'far' ? far : world.redis),
    scripts: learned,
    stops: () => stops,
    nextProject: () => `p${++projects}`,
    async victim({ works, lockMs = shortLockMs }) {
      const proxy = await startStoppingProxy(ports, (text) => learned.add(text));
      const victim = await startVictim(folder);
      const [near = '', far = ''] = proxy.urls;
      const config = { redis: targetOf(near), connections: { far: targetOf(far) }, settings: testSettings };
      const end = async () => {
        await victim.kill();
        await proxy[Symbol.asyncDispose]();
      };
      await victim.open({ config, lockMs, works }).catch(async (error: unknown) => {
        await end();
        throw error;
      });
      return {
        victim,
        proxy,
        async stopped(watch) {
          await waitFor(() => watch.isStopped(), { describe: 'the point' });
          await wakeFromWaiting(world);
          stops++;
        },
        [Symbol.asyncDispose]: end,
      };
    },
    async healthy() {
      const core = world.another({ lockMs: shortLockMs, sweepEveryMs: hourMs });
      const { store } = core.deps;
      core.startTelling({
        async tell(ref) {
          const operation = await store.readOperation(ref);
          if (operation !== null) await store.told(ref, { seq: operation.seq, message: null, dialogUses: 0 });
        },
        alert: async () => {},
      });
      // BullMQ looks for stalled jobs once an interval: that of the victim would make this worker wait for its next one.
      await world.redis.del('{syncbot}:actions:stalled-check');
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

/**
 * Redis answers the victim that there is no job, as it does every five seconds. Else it would hand it the next one's mark,
 * and a worker that is alive would find that job only when it looks by itself.
 */
async function wakeFromWaiting({ redis }: World): Promise<void> {
  const clients = String(await redis.client('LIST')).split('\n');
  const worker = `name={syncbot}:${Buffer.from('actions').toString('base64')} `;
  for (const client of clients.filter((line) => line.includes(worker) && line.includes('cmd=bzpopmin'))) {
    await redis.client('UNBLOCK', /^id=(\d+)/.exec(client)?.[1] ?? '');
  }
}
