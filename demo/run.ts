import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createApp } from '../src/app.ts';
import type { AppOptions, CliApp } from '../src/cli/cli-app.ts';
import { parseEnvironment } from '../src/config/environment.ts';
import { formatConfigError, formatEnvironmentError } from '../src/config/errors.ts';
import { parseConfig } from '../src/config/parse-config.ts';
import { createLogger } from '../src/logging/logger.ts';
import { createSlackApp, type SlackApp, type SlackAppOptions } from '../src/slack/app.ts';
import { formatDemoCommand } from './arguments.ts';
import { startDataFlow } from './data-flow.ts';
import { DemoError } from './errors.ts';
import { findLocalSlack, type LocalSlack, requireFreePort, startLocalSlack } from './local-slack.ts';
import { buildSyncbotYml } from './projects.ts';
import { findRedisServer } from './redis-binary.ts';
import { startRedisServer } from './redis-server.ts';
import { applyConfig, seedProjectStates } from './seed.ts';
import { tokens } from './workspace.ts';

export interface RunOptions {
  /** The port of the local Slack. */
  readonly port: number;
  readonly print: (text: string) => void;
  /** The level of the log file. Default `info`. */
  readonly logLevel?: string | undefined;
  /** Aborts when the user stops the demo. */
  readonly shutdownSignal: AbortSignal;
}

/**
 * Runs the demo until `shutdownSignal` aborts, then stops all parts in reverse order.
 * @throws {DemoError | RedisStartError} if a part does not start, or exits by itself.
 */
export async function runDemo(options: RunOptions): Promise<void> {
  try {
    await runServices(options);
  } catch (error) {
    // A part that is stopped while it starts may throw any error. The user stopped the demo, so this is no failure.
    if (!options.shutdownSignal.aborted) throw error;
  }
}

async function runServices(options: RunOptions): Promise<void> {
  const { port, print, shutdownSignal } = options;
  // Both are checked before anything is downloaded or started.
  const program = findLocalSlack();
  await requireFreePort(port);
  const binary = await findRedisServer({ print, signal: shutdownSignal });
  print(`Starting Redis ${binary.version}, the local Slack, the bot, a worker and four projects …`);
  await using redis = await startRedisServer({ binary, args: ['--appendonly', 'yes'] });
  await using folder = await createTemporaryFolder();
  await using slack = await startLocalSlack({ program, port, folder: folder.path, redisUrl: redis.url });
  shutdownSignal.throwIfAborted();
  await Promise.race([
    runSyncbot({ ...options, folder: folder.path, redisUrl: redis.url, slack }),
    failOnExit(redis.exited, "The demo's Redis"),
    failOnExit(slack.exited, 'The local Slack'),
  ]);
}

/** If one part exits, the demo ends, even while another part waits for it. */
async function failOnExit(exited: Promise<void>, name: string): Promise<never> {
  await exited;
  throw new DemoError(1, `${name} exited unexpectedly. The demo has ended.`);
}

interface DemoContext extends RunOptions {
  readonly folder: string;
  readonly redisUrl: string;
  readonly slack: LocalSlack;
}

async function runSyncbot(context: DemoContext): Promise<void> {
  const { folder, redisUrl: url, print, shutdownSignal } = context;
  const logFile = join(folder, 'syncbot.log');
  const options = await configure(context, logFile);
  const { environment, config, log } = options;
  const logError = (error: Error) => log.warn({ error }, 'error in a source or a link worker');
  await using dataFlow = await startDataFlow({ url, onError: logError });
  const connectedController = new AbortController();
  await using app = await createApp(options, {
    createSlack: (options) => withConnectedCallback(options, () => connectedController.abort()),
  });
  await applyConfig(app, config);
  shutdownSignal.throwIfAborted();

  await using running = startRole(app, shutdownSignal);
  await Promise.race([
    seedProjectStates({ app, dataFlow, connected: whenAborted(connectedController.signal), shutdownSignal }),
    running.finished,
  ]);
  shutdownSignal.throwIfAborted();
  print(welcomeText({ ...context, configFile: environment.configPath, logFile }));
  await running.finished;
}

/** Writes syncbot.yml, and reads it and the environment like `syncbot run`. */
async function configure({ folder, redisUrl, slack, logLevel }: DemoContext, logFile: string): Promise<AppOptions> {
  const configFile = join(folder, 'syncbot.yml');
  const variables = {
    REDIS_URL: redisUrl,
    SYNCBOT_CONFIG: configFile,
    SLACK_API_URL: slack.apiUrl,
    SLACK_BOT_TOKEN: tokens.bot,
    SLACK_APP_TOKEN: tokens.app,
    LOG_LEVEL: logLevel,
  };
  const syncbotYml = buildSyncbotYml();
  await writeFile(configFile, syncbotYml);
  const environmentResult = parseEnvironment(variables);
  if (environmentResult.kind === 'refused')
    throw new DemoError(2, environmentResult.errors.map(formatEnvironmentError).join('\n'));
  const configResult = parseConfig(syncbotYml, variables);
  if (configResult.kind === 'refused')
    throw new DemoError(1, configResult.errors.map((error) => formatConfigError(configFile, error)).join('\n'));
  const log = createLogger({
    level: environmentResult.environment.logLevel ?? 'info',
    to: pino.destination({ dest: logFile, sync: true }),
  });
  const { config, resolveConnections } = configResult;
  return { environment: environmentResult.environment, config, resolveConnections, log };
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Creates the bot's Slack app. It calls `onConnected` when Slack can reach it. */
function withConnectedCallback(options: SlackAppOptions, onConnected: () => void): SlackApp {
  const slack = createSlackApp(options);
  const start = async () => {
    await slack.start();
    onConnected();
  };
  return { ...slack, start };
}

/** Runs bot and worker like `syncbot run`, until `shutdownSignal` aborts or the result is disposed. */
function startRole(app: CliApp, shutdownSignal: AbortSignal): AsyncDisposable & { readonly finished: Promise<void> } {
  const stopController = new AbortController();
  const finished = app.runRole('all', AbortSignal.any([shutdownSignal, stopController.signal]));
  return {
    finished,
    async [Symbol.asyncDispose]() {
      stopController.abort();
      await finished.catch(() => undefined); // The caller handles a failure of `finished`.
    },
  };
}

async function createTemporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'syncbot-demo-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

interface WelcomeOptions extends DemoContext {
  readonly configFile: string;
  readonly logFile: string;
}

function welcomeText({ port, slack, redisUrl, configFile, logFile }: WelcomeOptions): string {
  return `
Open ${slack.pageUrl} and choose #sync. Use the bot as alice or bob (operators), or as carol (not an operator).

Four things to try in #sync:
  1. /sync pause orders            then OK; /sync list shows how the latency grows
  2. ${formatDemoCommand(port, 'fix payments')}
     in another terminal           then /sync restore payments
  3. /sync start users
  4. ${formatDemoCommand(port, 'break payments')}
     in another terminal           then wait for the alert, and go on with 2; any other project is possible, too

From a terminal:
  ${formatDemoCommand(port, 'compare')}
  REDIS_URL=${redisUrl} SYNCBOT_CONFIG=${configFile} node dist/main.js list
Log: ${logFile}

Ctrl-C ends everything.`;
}
