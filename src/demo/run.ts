import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../app.ts';
import type { Log } from '../application/deps.ts';
import { readSyncbotYml, type SyncbotConfig } from '../config.ts';
import { createSlackApp } from '../slack/slack-app.ts';
import { type DataFlow, startDataFlow } from './data-flow.ts';
import { DemoFault } from './demo-fault.ts';
import { findLocalSlack, type LocalSlack, refuseTaken, startLocalSlack } from './local-slack.ts';
import { openLog } from './log.ts';
import { poisoned, syncbotYml } from './projects.ts';
import { findRedisServer } from './redis-binary.ts';
import { startRedisServer } from './redis-server.ts';
import { applyFile, pause, reached } from './scenes.ts';
import { demoCommand } from './slack-port.ts';
import { tokens } from './workspace.ts';

export interface RunOptions {
  /** Where the local Slack listens. */
  readonly port: number;
  readonly say: (text: string) => void;
  /** Of the log file; default `info`. */
  readonly logLevel?: string | undefined;
  /** Aborted when the demo is to end. */
  readonly ending: AbortSignal;
}

/**
 * Runs the demo until `ending`, then ends everything that was started, in the reverse order.
 * @throws {DemoFault | RedisFault} one sentence: it could not be started, or a part of it ended by itself.
 */
export async function runDemo(options: RunOptions): Promise<void> {
  try {
    await runParts(options);
  } catch (error) {
    // Whatever a part says that is asked to start while everything ends: the demo was ended, and that is what was wanted.
    if (!options.ending.aborted) throw error;
  }
}

async function runParts(options: RunOptions): Promise<void> {
  const { port, say, ending } = options;
  const program = findLocalSlack();
  await refuseTaken(port);
  const binary = await findRedisServer({ say, signal: ending });
  say(`Starting Redis ${binary.version}, the local Slack, the bot, a worker and four projects …`);
  await using redis = await startRedisServer({ binary });
  await using folder = await temporaryFolder();
  await using slack = await startLocalSlack({ program, port, folder: folder.path, redisUrl: redis.url });
  ending.throwIfAborted();
  await Promise.race([
    perform({ ...options, folder: folder.path, redisUrl: redis.url, slack }),
    alone(redis.exited, "The demo's Redis"),
    alone(slack.exited, 'The local Slack'),
  ]);
}

/** A part that ends by itself takes the demo with it, also while another one waits for it. */
async function alone(exited: Promise<void>, who: string): Promise<never> {
  await exited;
  throw new DemoFault(1, `${who} ended by itself, and the demo with it.`);
}

interface Stage extends RunOptions {
  readonly folder: string;
  readonly redisUrl: string;
  readonly slack: LocalSlack;
}

async function perform(stage: Stage): Promise<void> {
  const { folder, redisUrl: url, slack, say, ending } = stage;
  const file = join(folder, 'syncbot.yml');
  const logFile = join(folder, 'syncbot.log');
  await writeFile(file, syncbotYml());
  const log = openLog(logFile, stage.logLevel);
  const config = readFile();

  const trouble = (error: Error) => log.warn({ error: error.message }, 'trouble in a source or a link worker');
  await using flow = await startDataFlow({ url, onError: trouble });
  const { settings } = config;
  await using app = openApp({ redis: { kind: 'standalone', url }, connections: {}, settings }, log);
  await applyFile(app, config);
  ending.throwIfAborted();
  await using _bot = await startBot({ app, config, slack, log });
  await app.startWorker();
  await playScenes({ app, flow, ending });
  say(welcome({ ...stage, file, logFile }));
  await aborted(ending);
}

function readFile(): SyncbotConfig {
  const read = readSyncbotYml(syncbotYml(), {});
  if (read.kind === 'read') return read.config;
  throw new Error(`the demo's own syncbot.yml is refused: ${JSON.stringify(read.faults)}`);
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'syncbot-demo-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

interface Bot {
  readonly app: App;
  readonly config: SyncbotConfig;
  readonly slack: LocalSlack;
  readonly log: Log;
}

/** What `syncbot run --role bot` does, in Socket Mode against the local Slack. */
async function startBot({ app, config, slack, log }: Bot): Promise<AsyncDisposable> {
  const bot = createSlackApp({
    tokens,
    apiUrl: slack.apiUrl,
    command: '/sync',
    policy: config.policy,
    showErrors: config.settings.showErrors,
    deps: app.deps,
    log,
  });
  await bot.start();
  app.startTelling(bot.teller);
  return { [Symbol.asyncDispose]: () => bot.stop() };
}

/** Brings every project where the demo shows it, by the road that people take. */
async function playScenes({ app, flow, ending }: { app: App; flow: DataFlow; ending: AbortSignal }): Promise<void> {
  await flow.startWorkers();
  await Promise.all([pause(app, 'invoices', 'month-end closing'), flow.poison()]);
  await reached(app, { project: 'invoices', state: 'paused', ending });
  await reached(app, { project: poisoned.project, state: 'failed', ending });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

interface Welcome extends Stage {
  readonly file: string;
  readonly logFile: string;
}

function welcome({ port, slack, redisUrl, file, logFile }: Welcome): string {
  return `
Open ${slack.page} and choose #sync. You are alice or bob (operators), or carol, who may only look.

Three things to try there:
  1. /sync pause orders            then OK; /sync list shows how its latency grows
  2. ${demoCommand(port, 'fix payments')}
     in another terminal           then /sync restore payments
  3. /sync start users

From a terminal:
  ${demoCommand(port, 'compare')}
  REDIS_URL=${redisUrl} SYNCBOT_CONFIG=${file} node dist/main.js list
Log: ${logFile}

Ctrl-C ends everything.`;
}
