// One bot or worker: `node syncbot-process-main.js <role> <JSON of SyncbotProcessOptions>`. See syncbot-process.ts.
import { pino } from 'pino';
import { Services } from '../../src/services.ts';
import { createSlackApp } from '../../src/slack/app.ts';
import { redisUnavailableExitCode, type SyncbotProcessOptions } from './syncbot-process.ts';

const [role, json = ''] = process.argv.slice(2);
const { config, overrides, slack, clockOffsetMs = 0 } = JSON.parse(json) as SyncbotProcessOptions;
const realNow = Date.now;
Date.now = () => realNow() + clockOffsetMs;
const log = pino({ level: 'silent' });
const services = new Services(config, log, overrides);
const bot =
  role === 'bot' && slack
    ? createSlackApp({
        ...slack,
        readPolicy: async () => slack.policy,
        showErrors: () => false,
        onCallRules: () => [],
        context: services.context,
        log,
        onAuthError: exit,
      })
    : null;
if (bot === null) {
  await services.startWorkers().catch(exit);
} else {
  await bot.start().catch(exit);
  await services.startNotifier(bot.notifier);
}

process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ kind: 'memory', ...process.memoryUsage() });
});
const stop = async () => {
  await bot?.stop();
  await services[Symbol.asyncDispose]();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('disconnect', () => void stop());
process.send?.({ kind: 'ready' });

function exit(error: Error): never {
  process.stderr.write(`${error.stack}\n`);
  process.exit(error.name === 'StoreUnavailableError' ? redisUnavailableExitCode : 1);
}
