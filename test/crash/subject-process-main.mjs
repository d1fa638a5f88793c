import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * A process of the bot that is stopped somewhere: a worker on the queue of actions, or the bot between OK and the job. It runs
 * the compiled sources, in the folder BUILT. No rounds, no messages: what it sends to Redis, it sends for its operation.
 */
const load = (path) => import(pathToFileURL(join(process.env.BUILT ?? '', 'dist', path)).href);
const { openCore } = await load('core.js');
const { execute } = await load('application/execute.js');
const { confirm } = await load('application/settle.js');
const { startWorker } = await load('infra/bullmq/bot-workers.js');
const { connect } = await load('infra/redis/connect.js');

const dialogLifetimeMs = 30 * 60_000;
const log = { info() {}, warn() {}, error() {} };
const end = [];

const orders = {
  /** Every connection is open before the counting begins. A press is handled as slack/listeners/confirmation.ts does it. */
  async open({ config, lockDurationMs, works }) {
    const core = openCore(config, log, { lockDurationMs });
    const { deps } = core;
    await deps.store.ids();
    await deps.links.connections(['default', ...Object.keys(config.connections)]);
    if (works) {
      const client = connect(config.redis, 'blocking', () => {});
      const handlers = { execute: (ref) => execute(deps, ref) };
      const worker = startWorker({ queue: 'actions', handlers, client, log, lockDurationMs });
      end.push(() => worker[Symbol.asyncDispose]());
    }
    orders.press = async ({ ref, by }) => {
      await confirm(deps, {
        ref,
        by,
        dialog: { url: 'http://127.0.0.1:9/', lifetimeMs: dialogLifetimeMs, usesLeft: 5 },
      });
      await deps.notifier.tell(ref);
    };
  },
  /** Finishes what it is about, like a process that is told to end. */
  async close() {
    for (const one of end) await one();
  },
};

process.on('message', ({ name, details }) => {
  orders[name](details).then(
    () => process.send({ name }),
    (error) => process.send({ name, failed: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send({ name: 'loaded' });
