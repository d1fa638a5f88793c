import { readFile } from 'node:fs/promises';
import { StoreUnavailableError } from '../application/errors.ts';
import { parseConfig, type SyncbotConfig } from '../config/config.ts';
import { type Environment, parseEnvironment } from '../config/environment.ts';
import { formatConfigError, formatEnvironmentError } from '../config/errors.ts';
import { createLogger, type Logger } from '../logging/logger.ts';
import { messages } from '../messages/catalog.ts';
import { type CliApp, type ExitCode, exitCodes, type ProcessIo, type Role, StartError } from './context.ts';
import { type CliError, createOutput, type Output } from './output.ts';

/** What every command works with. */
export interface CommandContext {
  readonly io: ProcessIo;
  readonly output: Output;
  readonly environment: Environment;
  readonly config: SyncbotConfig;
  readonly configPath: string;
  readonly app: CliApp;
  readonly log: Logger;
}

export interface CommandContextOptions {
  readonly json: boolean;
  /** Instead of SYNCBOT_CONFIG. */
  readonly configFile?: string | null;
  /** The level unless LOG_LEVEL says otherwise: a command for people is silent, its sentences say all. */
  readonly logLevel?: 'info' | 'silent';
  /** What this process is, in every line of its log. */
  readonly role?: Role;
  /** The command changes nothing before it takes care of lost answers itself. */
  readonly lostReplySafe: boolean;
}

/** Reads environment and syncbot.yml, opens the app, works, closes it; every fault becomes one sentence and an exit code. */
export async function withCommandContext(
  io: ProcessIo,
  options: CommandContextOptions,
  run: (context: CommandContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const output = createOutput(io, options.json);
  const configuration = await readConfiguration(io, options.configFile ?? null);
  if ('error' in configuration) {
    output.error(configuration.error);
    return exitCodes.usageError;
  }
  const { environment, config, configPath } = configuration;
  const level = environment.logLevel ?? options.logLevel ?? 'silent';
  const { version } = io;
  const rootLogger = createLogger({ level, to: { write: (line: string) => void io.stderr.write(line) } });
  const log = options.role === undefined ? rootLogger : rootLogger.child({ role: options.role, version });
  try {
    await using app = await io.createApp({ environment, config, log, version });
    return await run({ io, output, environment, config, configPath, app, log });
  } catch (error) {
    const isExpected = error instanceof StartError || error instanceof StoreUnavailableError;
    if (!isExpected) log.error({ error }, 'command failed');
    output.error(toCliError(error, options.lostReplySafe));
    return error instanceof StartError ? error.exitCode : exitCodes.failure;
  }
}

type ConfigurationResult =
  | { readonly environment: Environment; readonly config: SyncbotConfig; readonly configPath: string }
  | { readonly error: CliError };

async function readConfiguration({ env }: ProcessIo, configFile: string | null): Promise<ConfigurationResult> {
  const environmentResult = parseEnvironment(env);
  if (environmentResult.kind === 'refused') {
    return { error: { code: 'environment', message: environmentResult.errors.map(formatEnvironmentError).join('\n') } };
  }
  const configPath = configFile ?? environmentResult.environment.configPath;
  const text = await readFile(configPath, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') {
    const problem = text.code === 'ENOENT' ? 'does not exist' : `cannot be read (${text.code ?? text.name})`;
    const message = `${configPath} ${problem}. Write it, or name another file with SYNCBOT_CONFIG.`;
    return { error: { code: 'configuration', message } };
  }
  const configResult = parseConfig(text, env);
  if (configResult.kind === 'read')
    return { environment: environmentResult.environment, config: configResult.config, configPath };
  const message = configResult.errors.map((error) => formatConfigError(configPath, error)).join('\n');
  return { error: { code: 'configuration', message } };
}

function toCliError(error: unknown, lostReplySafe: boolean): CliError {
  if (error instanceof StartError) return { code: 'role', message: error.message };
  if (!(error instanceof StoreUnavailableError)) {
    const errorName = error instanceof Error ? error.name : 'no error';
    const message = `Something went wrong that should not (${errorName}). Run it again with LOG_LEVEL=error to see where.`;
    return { code: 'fault', message };
  }
  if (lostReplySafe || error.sent === 'no') {
    const message = `The bot's Redis does not answer. ${messages.nothingChanged} Check REDIS_URL and that Redis is up.`;
    return { code: 'redis_unavailable', message };
  }
  const message = "The bot's Redis stopped answering on the way. Look with syncbot list what was changed.";
  return { code: 'redis_unavailable', message };
}
