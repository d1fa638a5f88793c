import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The process under test: a worker on the queue of actions, or the bot between OK and the job. It runs the compiled sources
 * in the folder BUILT. It runs no cycles and no notifier: every command that it sends to Redis belongs to its operation.
 */
const load = (path) => import(pathToFileURL(join(process.env.BUILT ?? '', 'dist', path)).href);
const { Services } = await load('services.js');
const { execute } = await load('application/execute.js');
const { confirm } = await load('application/confirm.js');
const { startWorker } = await load('infra/bullmq/workers.js');
const { connect } = await load('infra/redis/connection.js');

const dialogLifetimeMs = 30 * 60_000;
const log = { info() {}, warn() {}, error() {} };
const workers = [];

const requests = {
  /** Opens every connection before crash points are counted. A press of OK is handled as by slack/listeners/confirmation.ts. */
  async open({ config, lockDurationMs, works }) {
    const { deps: context } = new Services(config, log, { lockDurationMs });
    await context.projects.listIds();
    await context.links.readConnections(['default', ...Object.keys(config.connections)]);
    if (works) {
      const client = connect(config.redis, 'blocking', () => {});
      const handlers = { execute: (ref) => execute(context, ref) };
      workers.push(startWorker({ queue: 'actions', handlers, client, log, lockDurationMs }));
    }
    requests.pressOk = async ({ ref, by }) => {
      const dialog = { url: 'http://127.0.0.1:9/', lifetimeMs: dialogLifetimeMs, usesLeft: 5 };
      await confirm(context, { ref, by, dialog });
      await context.notifications.operationChanged(ref);
    };
  },
  /** Waits for the jobs under way, as at an orderly stop. */
  async close() {
    for (const worker of workers) await worker[Symbol.asyncDispose]();
  },
};

process.on('message', ({ name, details }) => {
  requests[name](details).then(
    () => process.send({ name }),
    (error) => process.send({ name, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.send({ name: 'loaded' });
