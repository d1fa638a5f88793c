// One bot or worker in a process of its own: `node syncbot-process-main.mjs <folder of the build> <role> <JSON>`.
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';

const [folder, role, given] = process.argv.slice(2);
const { config, overrides, slack } = JSON.parse(given);
const load = (file) => import(pathToFileURL(`${folder}/dist/${file}`).href);

const log = pino({ level: 'silent' });
const { openCore } = await load('core.js');
const core = openCore(config, log, overrides);
if (role === 'worker') await orEnd(core.startWorker());
let bot = null;
if (role === 'bot') {
  const { createSlackApp } = await load('slack/slack-app.js');
  bot = createSlackApp({ ...slack, deps: core.deps, log, onLost: () => process.exit(3) });
  await orEnd(bot.start());
  core.startTelling(bot.teller);
}

/** Redis away at the start: whoever runs a process starts it again. Everything else that ends it is a fault. */
async function orEnd(start) {
  await start.catch((error) => {
    process.stderr.write(`could not start: ${error.stack}`);
    process.exit(error.name === 'StoreUnavailableError' ? 4 : 1);
  });
}

process.on('message', () => {
  globalThis.gc?.();
  process.send({ kind: 'memory', ...process.memoryUsage() });
});
const end = async () => {
  await bot?.stop();
  await core[Symbol.asyncDispose]();
  process.exit(0);
};
process.once('SIGTERM', end);
process.once('disconnect', end);
process.send({ kind: 'ready' });
