import { randomUUID } from 'node:crypto';
import { webApi } from '@slack/bolt';
import { Redis } from 'ioredis';
import type { UseCaseContext } from '../../src/application/context.ts';
import type { Notifier } from '../../src/application/ports.ts';
import { sweep } from '../../src/application/sweep.ts';
import type { OperationRef } from '../../src/domain/operation.ts';
import type { Services } from '../../src/services.ts';
import { notifyBatch } from '../../src/slack/notifier/batch-notifier.ts';
import { createOperationNotifier } from '../../src/slack/notifier/operation-notifier.ts';
import { slackFormatter } from '../../src/slack/views/mrkdwn.ts';
import { FakeSlack } from '../fake-slack/fake-slack.ts';
import { silentNotifier } from '../support/silent-ports.ts';
import { endpointOf, startTestServices, type TestServices, testSettings } from '../support/test-services.ts';
import { waitFor } from '../support/wait-for.ts';
import { botScripts, type CrashPoint, createCommandNamer } from './crash-points.ts';
import { type ForkedProcess, type ProcessRole, startForkedProcess } from './forked-process.ts';
import { type StoppingProxy, startStoppingProxy, type Watch } from './stopping-proxy.ts';

/** Two Redis servers on which crash cases run one after the other. */
export interface CrashHarness extends AsyncDisposable {
  readonly services: TestServices;
  redisOf(connection: 'default' | 'far'): Redis;
  /** The scripts that its servers have loaded. Without this, a client sends a script twice, by its hash and as a text. */
  readonly knownScripts: ReadonlySet<string>;
  /** How many processes have been stopped at a crash point. */
  stopCount(): number;
  nextProjectId(): string;
  /** Starts a process behind a proxy: a worker, or a bot that handles a press of OK. */
  startProcessUnderTest(details: {
    readonly role: ProcessRole;
    readonly lockDurationMs?: number;
  }): Promise<ProcessUnderTest>;
  /** Starts a worker that is not stopped. It sweeps once at its start. With `postsMessages` it posts to `slack`. */
  startOtherWorker(options?: { readonly postsMessages: boolean }): Promise<Services>;
  readonly slack: FakeSlack;
  /** Posts or updates the message of an operation in `slack`. */
  notifyOperation(ref: OperationRef): Promise<void>;
}

export interface ProcessUnderTest extends AsyncDisposable {
  readonly process: ForkedProcess;
  readonly proxy: StoppingProxy;
  /** From now on the commands of the process for this operation are crash points. Stops the process at `point`, if any. */
  watch(ref: OperationRef, point: CrashPoint | null): Watch;
  /** Resolves when the process has been stopped at its crash point. */
  waitUntilStopped(watch: Watch): Promise<void>;
}

/** How the executions of a worker begin that is not stopped. */
export const otherWorkerIdPrefix = 'other-';

const hourMs = 3_600_000;
/** Longer than any case, so that a project has a reminder only if the case has moved its pause. */
export const pausedReminderMs = hourMs;
const settings = { ...testSettings, pausedReminderMs };
/** Ms without an extension of the lock after which another worker takes the job over. */
const shortLockMs = 1_000;

/** `folder`: the compiled sources. `initialScripts`: scripts that another harness has recorded. */
export async function createCrashHarness(
  folder: string,
  initialScripts: ReadonlySet<string> = new Set(),
): Promise<CrashHarness> {
  const services = await startTestServices({ extraServers: ['far'], settings });
  const slack = await FakeSlack.start();
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
    knownScripts,
    stopCount: () => stopCount,
    nextProjectId: () => `p${++projectCount}`,
    async startProcessUnderTest({ role, lockDurationMs = shortLockMs }) {
      const proxy = await startStoppingProxy(ports, (source) => knownScripts.add(source));
      const forkedProcess = await startForkedProcess(folder);
      const [near = '', far = ''] = proxy.urls;
      const config = { redis: endpointOf(near), connections: { far: endpointOf(far) }, settings };
      const dispose = async () => {
        await forkedProcess.kill();
        await proxy[Symbol.asyncDispose]();
      };
      await forkedProcess.open({ config, lockDurationMs, role }).catch(async (error: unknown) => {
        await dispose();
        throw error;
      });
      return {
        process: forkedProcess,
        proxy,
        watch: (ref, point) =>
          proxy.watch({
            point,
            nameCommand: createCommandNamer(ref),
            suspend: () => forkedProcess.signal('SIGSTOP'),
          }),
        async waitUntilStopped(watch) {
          await waitFor(() => watch.isStopped(), { description: 'the crash point' });
          await unblockWorker(services);
          stopCount++;
        },
        [Symbol.asyncDispose]: dispose,
      };
    },
    slack,
    notifyOperation: (ref) => createMessageNotifier(slack, services.context).notifyOperation(ref),
    async startOtherWorker({ postsMessages } = { postsMessages: false }) {
      const ids = { next: () => `${otherWorkerIdPrefix}${randomUUID()}` };
      const worker = services.addInstance({ lockDurationMs: shortLockMs, sweepIntervalMs: hourMs, ids });
      const { operations } = worker.context;
      await worker.startNotifier({
        ...silentNotifier,
        async notifyOperation(ref) {
          const operation = await operations.read(ref);
          if (operation !== null)
            await operations.markNotified(ref, { seq: operation.seq, message: null, dialogUses: 0 });
        },
        ...(postsMessages ? createMessageNotifier(slack, worker.context) : {}),
      });
      // BullMQ checks for stalled jobs once per interval over all workers. Without this the check would wait for the next one.
      await services.redis.del('{syncbot}:actions:stalled-check');
      await worker.startWorkers();
      await sweep(worker.context);
      return worker;
    },
    async [Symbol.asyncDispose]() {
      far.disconnect();
      await services[Symbol.asyncDispose]();
      await slack[Symbol.asyncDispose]();
    },
  };
}

/** The notifier of the messages of operations and batches. */
function createMessageNotifier(
  { apiUrl: slackApiUrl, botToken }: FakeSlack,
  context: UseCaseContext,
): Pick<Notifier, 'notifyOperation' | 'notifyBatch'> {
  const client = new webApi.WebClient(botToken, { slackApiUrl, retryConfig: { retries: 0 } });
  const ownOptions = { client, shownDialogs: new Map(), channelsWithoutButtons: [], format: slackFormatter('/sync') };
  const options = { ...context, ...ownOptions };
  return { notifyOperation: createOperationNotifier(options), notifyBatch: (id) => notifyBatch(options, id) };
}

/**
 * Ends the blocking wait of the stopped worker, as its timeout does every five seconds. Otherwise Redis would give the marker
 * of the next job to the stopped worker, and the other worker would find that job only at its own timeout.
 */
async function unblockWorker({ redis }: TestServices): Promise<void> {
  const clients = String(await redis.client('LIST')).split('\n');
  const workerClientName = `name={syncbot}:${Buffer.from('actions').toString('base64')} `;
  for (const client of clients.filter((line) => line.includes(workerClientName) && line.includes('cmd=bzpopmin'))) {
    await redis.client('UNBLOCK', /^id=(\d+)/.exec(client)?.[1] ?? '');
  }
}
