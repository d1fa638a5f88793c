import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openApp } from '../app.ts';
import type { CliApp, OpenOptions } from '../cli/context.ts';
import { readEnvironment } from '../config/environment.ts';
import { configFaultLine, environmentFaultLine } from '../config/fault.ts';
import { readSyncbotYml } from '../config.ts';
import { createLogger } from '../log.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions } from '../slack/slack-app.ts';
import { startDataFlow } from './data-flow.ts';
import { DemoFault } from './demo-fault.ts';
import { findLocalSlack, type LocalSlack, refuseTaken, startLocalSlack } from './local-slack.ts';
import { syncbotYml } from './projects.ts';
import { findRedisServer } from './redis-binary.ts';
import { startRedisServer } from './redis-server.ts';
import { applyFile, playScenes } from './scenes.ts';
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
  await using redis = await startRedisServer({ binary, args: ['--appendonly', 'yes'] });
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
  const { folder, redisUrl: url, say, ending } = stage;
  const logFile = join(folder, 'syncbot.log');
  const { environment, config, log } = await configure(stage, logFile);
  const trouble = (error: Error) => log.warn({ error }, 'trouble in a source or a link worker');
  await using flow = await startDataFlow({ url, onError: trouble });
  const hears = new AbortController();
  await using app = await openApp(
    { environment, config, log },
    { createSlack: (options) => heard(options, () => hears.abort()) },
  );
  await applyFile(app, config);
  ending.throwIfAborted();

  await using running = startRoles(app, ending);
  await Promise.race([playScenes({ app, flow, connected: aborted(hears.signal), ending }), running.ended]);
  ending.throwIfAborted();
  say(welcome({ ...stage, file: environment.configPath, logFile }));
  await running.ended;
}

/** Writes syncbot.yml and reads it and the environment, as `syncbot run` does. */
async function configure({ folder, redisUrl, slack, logLevel }: Stage, logFile: string): Promise<OpenOptions> {
  const file = join(folder, 'syncbot.yml');
  const variables = {
    REDIS_URL: redisUrl,
    SYNCBOT_CONFIG: file,
    SLACK_API_URL: slack.apiUrl,
    SLACK_BOT_TOKEN: tokens.bot,
    SLACK_APP_TOKEN: tokens.app,
    LOG_LEVEL: logLevel,
  };
  await writeFile(file, syncbotYml());
  const env = readEnvironment(variables);
  if (env.kind === 'refused') throw new DemoFault(2, env.faults.map(environmentFaultLine).join('\n'));
  const yml = readSyncbotYml(syncbotYml(), variables);
  if (yml.kind === 'refused')
    throw new DemoFault(1, yml.faults.map((fault) => configFaultLine(file, fault)).join('\n'));
  const log = createLogger({
    level: env.environment.logLevel ?? 'info',
    to: pino.destination({ dest: logFile, sync: true }),
  });
  return { environment: env.environment, config: yml.config, log };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** The bot's part in Slack, which tells when it hears. */
function heard(options: SlackAppOptions, onConnected: () => void): SlackApp {
  const slack = createSlackApp(options);
  const start = async () => {
    await slack.start();
    onConnected();
  };
  return { ...slack, start };
}

/** Bot and worker, as `syncbot run` runs them, until `ending` or the end of the block. */
function startRoles(app: CliApp, ending: AbortSignal): AsyncDisposable & { readonly ended: Promise<void> } {
  const over = new AbortController();
  const ended = app.runRoles('all', AbortSignal.any([ending, over.signal]));
  return {
    ended,
    async [Symbol.asyncDispose]() {
      over.abort();
      await ended.catch(() => undefined); // whoever waits for it hears of it
    },
  };
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'syncbot-demo-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
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
