import { Redis } from 'ioredis';
import { sweep } from '../../src/application/sweep.ts';
import type { Services } from '../../src/services.ts';
import { endpointOf, startTestServices, type TestServices, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { botScripts } from './crash-points.ts';
import { type StoppingProxy, startStoppingProxy, type Watch } from './stopping-proxy.ts';
import { type SubjectProcess, startSubjectProcess } from './subject-process.ts';

/** Two Redis servers on which one crash after the other is played. */
export interface CrashHarness extends AsyncDisposable {
  readonly services: TestServices;
  redisOf(connection: 'default' | 'far'): Redis;
  /** The scripts that its servers know. A new server is asked for a script twice, at first without its text. */
  readonly knownScripts: ReadonlySet<string>;
  /** How often a process has been stopped at a point. */
  stopCount(): number;
  /** A name for the next project. */
  nextProjectId(): string;
  /** A process behind a proxy, ready to work or to be pressed OK. */
  startSubject(details: { readonly works: boolean; readonly lockDurationMs?: number }): Promise<SubjectUnderTest>;
  /** A worker that nobody stops, started after a crash. It has swept once, and never will again. */
  startHealthyWorker(): Promise<Services>;
}

export interface SubjectUnderTest extends AsyncDisposable {
  readonly process: SubjectProcess;
  readonly proxy: StoppingProxy;
  /** Resolves when the victim has been stopped at its point. */
  waitUntilStopped(watch: Watch): Promise<void>;
}

const hourMs = 3_600_000;
/** How long a worker may be silent before another takes its job over. */
const shortLockMs = 1_000;

/** `folder`: the compiled sources. `scripts`: what another theatre has learned. */
export async function createCrashHarness(
  folder: string,
  initialScripts: ReadonlySet<string> = new Set(),
): Promise<CrashHarness> {
  const services = await startTestServices({ extraServers: ['far'] });
  const knownScripts = new Set(initialScripts);
  for (const { lua } of botScripts.values()) knownScripts.add(lua);
  const ports = [services.server().port, services.server('far').port];
  const far = new Redis(services.urlOf('far'));
  for (const source of knownScripts)
    await Promise.all([services.redis, far].map((redis) => redis.script('LOAD', source)));
  let projectCount = 0;
  let stopCount = 0;
  return {
    services,
    redisOf: (connection) => (connection === 'far' ? far : services.redis),
    knownScripts: knownScripts,
    stopCount: () => stopCount,
    nextProjectId: () => `p${++projectCount}`,
    async startSubject({ works, lockDurationMs = shortLockMs }) {
      const proxy = await startStoppingProxy(ports, (source) => knownScripts.add(source));
      const subjectProcess = await startSubjectProcess(folder);
      const [near = '', far = ''] = proxy.urls;
      const config = { redis: endpointOf(near), connections: { far: endpointOf(far) }, settings: testSettings };
      const dispose = async () => {
        await subjectProcess.kill();
        await proxy[Symbol.asyncDispose]();
      };
      await subjectProcess.open({ config, lockDurationMs, works }).catch(async (error: unknown) => {
        await dispose();
        throw error;
      });
      return {
        process: subjectProcess,
        proxy,
        async waitUntilStopped(watch) {
          await waitFor(() => watch.isStopped(), { description: 'the point' });
          await unblockWorker(services);
          stopCount++;
        },
        [Symbol.asyncDispose]: dispose,
      };
    },
    async startHealthyWorker() {
      const worker = services.addInstance({ lockDurationMs: shortLockMs, sweepIntervalMs: hourMs });
      const { operations } = worker.deps;
      worker.startNotifier({
        async notifyOperation(ref) {
          const operation = await operations.read(ref);
          if (operation !== null)
            await operations.markNotified(ref, { seq: operation.seq, message: null, dialogUses: 0 });
        },
        notifyAlerts: async () => {},
      });
      // BullMQ looks for stalled jobs once an interval: that of the victim would make this worker wait for its next one.
      await services.redis.del('{syncbot}:actions:stalled-check');
      await worker.startWorkers();
      await sweep(worker.deps);
      return worker;
    },
    async [Symbol.asyncDispose]() {
      far.disconnect();
      await services[Symbol.asyncDispose]();
    },
  };
}

/**
 * Redis answers the victim that there is no job, as it does every five seconds. Else it would hand it the next one's mark,
 * and a worker that is alive would find that job only when it looks by itself.
 */
async function unblockWorker({ redis }: TestServices): Promise<void> {
  const clients = String(await redis.client('LIST')).split('\n');
  const workerClientName = `name={syncbot}:${Buffer.from('actions').toString('base64')} `;
  for (const client of clients.filter((line) => line.includes(workerClientName) && line.includes('cmd=bzpopmin'))) {
    await redis.client('UNBLOCK', /^id=(\d+)/.exec(client)?.[1] ?? '');
  }
}
