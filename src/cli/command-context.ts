import { existsSync } from 'node:fs';
import { DatabaseRefusedError, StoreRefusedError, StoreUnavailableError } from '../application/errors.ts';
import { resolveProject } from '../application/resolve-project.ts';
import type { ConfigResult, SyncbotConfig } from '../config/config.ts';
import type { ConfigFile } from '../config/config-file.ts';
import type { ConnectionResolver } from '../config/connection-sources.ts';
import { type Environment, parseEnvironment, type RawEnvironment } from '../config/environment.ts';
import { formatConfigError, formatEnvironmentError } from '../config/errors.ts';
import { loadConfig } from '../config/load-config.ts';
import type { ObservationStatus } from '../domain/observation-status.ts';
import type { ProjectId } from '../domain/project.ts';
import type { Refusal } from '../domain/refusal.ts';
import { createLogger, type Logger } from '../logging/logger.ts';
import { messages } from '../messages/catalog.ts';
import type { Formatter } from '../messages/format.ts';
import { refusalText } from '../messages/render.ts';
import { type CliApp, type ExitCode, exitCodes, type Role, StartError } from './cli-app.ts';
import { readConfigFiles } from './config-files.ts';
import { type CliError, createOutput, type Output, type OutputFormat } from './output.ts';
import { type ProcessIo, programName } from './process-io.ts';
import { cliFormatter, formatterFor, sanitizeText } from './terminal-text.ts';

export interface CommandContext extends Configuration {
  readonly io: ProcessIo;
  readonly output: Output;
  /** Names commands as the user starts syncbot. */
  readonly format: Formatter;
  readonly app: CliApp;
  readonly log: Logger;
}

export interface CommandContextOptions {
  readonly format: OutputFormat;
  /** Files and folders that replace SYNCBOT_CONFIG. Empty for none. */
  readonly configFiles?: readonly string[];
  /** False if the command needs no syncbot.yml. Then it is not read. */
  readonly readsFile?: boolean;
  /** The log level if LOG_LEVEL is not set. Default: `silent`. */
  readonly logLevel?: 'info';
  /** The role of this process, a field of every log line. */
  readonly role?: Role;
  /** Of a command that changes projects. Default: the role. */
  readonly tracedAs?: 'cli';
  /** True if the command only reads, or repeats a write whose reply was lost. Then a lost reply of Redis hides no change. */
  readonly isIdempotent: boolean;
}

/**
 * Reads the environment and syncbot.yml, creates the app, runs the command and closes the app. Prints every error and
 * returns its exit code.
 */
export async function withCommandContext(
  io: ProcessIo,
  options: CommandContextOptions,
  run: (context: CommandContext) => Promise<ExitCode>,
): Promise<ExitCode> {
  const output = createOutput(io, options.format);
  const configuration = await readConfiguration(io, options);
  if (configuration.kind === 'refused') {
    output.error(configuration.error);
    return exitCodes.usageError;
  }
  const { environment, config, resolveConnections } = configuration;
  const { version } = io;
  const level = environment.logLevel ?? options.logLevel ?? 'silent';
  const rootLogger = createLogger({ level, to: { write: (line: string) => void io.stderr.write(line) } });
  const log = options.role === undefined ? rootLogger : rootLogger.child({ role: options.role, version });
  try {
    const { role, tracedAs = role } = options;
    await using app = await io.createApp({
      environment,
      config,
      resolveConnections,
      log,
      version,
      ...(tracedAs === undefined ? {} : { tracedAs }),
    });
    return await run({ io, output, format: formatterFor(programName(io)), ...configuration, app, log });
  } catch (error) {
    const isExpected = error instanceof StartError || error instanceof StoreUnavailableError;
    if (!isExpected) log.error({ error }, 'command failed');
    output.error(toCliError(error, options.isIdempotent));
    return error instanceof StartError ? error.exitCode : exitCodes.failure;
  }
}

/** Prints why a use case refused. */
export function printRefusal({ output, format }: CommandContext, refusal: Refusal): ExitCode {
  output.error({ code: refusal.code, message: refusalText(refusal, format) });
  return exitCodes.failure;
}

/**
 * Finds the project that a typed name means, and says which one it is. With `isExact` only the id itself counts, for scripts.
 * Prints a refusal and returns its exit code if that is not one project.
 */
export async function resolveName(
  context: CommandContext,
  name: string,
  isExact: boolean,
): Promise<
  { readonly kind: 'resolved'; readonly project: ProjectId } | { readonly kind: 'exit'; readonly code: ExitCode }
> {
  const found = await resolveProject(context.app.useCaseContext, { text: name, channel: null });
  if (found.kind === 'resolved' && (found.isExact || !isExact)) {
    if (!found.isExact) context.output.note(messages.cli.resolvedName(sanitizeText(name), found.project));
    return found;
  }
  const similar = found.kind === 'resolved' ? [found.project] : [...found.similar];
  return { kind: 'exit', code: printRefusal(context, { code: 'unknown_project', project: name, similar }) };
}

/** Notes that no syncbot worker observes the links. */
export function noteIfNotObserved(output: Output, status: ObservationStatus): void {
  if (status.kind === 'not_observed') output.note(messages.observation.warning(status.since, cliFormatter));
}

export interface Configuration {
  readonly environment: Environment;
  readonly config: SyncbotConfig;
  readonly configPath: string;
  /** Whether there is a syncbot.yml. */
  readonly hasFile: boolean;
  readonly resolveConnections: ConnectionResolver;
}

interface Refused {
  readonly kind: 'refused';
  readonly error: CliError;
}

export type ConfigurationResult = (Configuration & { readonly kind: 'read' }) | Refused;

/** What is read if a command does not read syncbot.yml, or needs none and there is none. */
const noFile = [{ path: '', text: 'projects: {}' }];

interface ReadOptions extends Pick<CommandContextOptions, 'configFiles' | 'readsFile'> {
  /** For a command that needs no syncbot.yml: if the file does not exist, the configuration is empty. */
  readonly mayLackFile?: boolean;
}

/** Reads the environment and syncbot.yml. */
export async function readConfiguration(
  { env }: ProcessIo,
  { configFiles = [], readsFile = true, mayLackFile = false }: ReadOptions,
): Promise<ConfigurationResult> {
  const parsedEnvironment = parseEnvironment(env);
  if (parsedEnvironment.kind === 'refused') {
    return refuse('environment', parsedEnvironment.errors.map(formatEnvironmentError));
  }
  const { environment } = parsedEnvironment;
  const paths = configFiles.length > 0 ? configFiles : [environment.configPath];
  const configPath = paths.join(', ');
  const hasFile = readsFile && !(mayLackFile && paths.every((path) => !existsSync(path)));
  const read = hasFile ? await readConfig(paths, env) : await parseFiles(noFile, env);
  if (read.kind === 'refused') return read;
  const { config, resolveConnections } = read;
  return { kind: 'read', environment, config, configPath, hasFile, resolveConnections };
}

type ConfigFilesReading = Extract<ConfigResult, { readonly kind: 'read' }> | Refused;

/** Reads files and folders that together are one syncbot.yml. Reads of the environment only what the files need. */
export async function readConfig(paths: readonly string[], env: RawEnvironment): Promise<ConfigFilesReading> {
  const read = await readConfigFiles(paths);
  return read.kind === 'refused' ? refuse('configuration', read.reasons) : parseFiles(read.files, env);
}

async function parseFiles(files: readonly ConfigFile[], env: RawEnvironment): Promise<ConfigFilesReading> {
  const parsed = await loadConfig(files, env);
  if (parsed.kind === 'read') return parsed;
  return refuse(
    'configuration',
    parsed.errors.map((error) => formatConfigError(error.file, error)),
  );
}

function refuse(code: 'environment' | 'configuration', lines: readonly string[]): Refused {
  return { kind: 'refused', error: { code, message: lines.join('\n') } };
}

/** `isIdempotent`: as in `CommandContextOptions`. */
export function toCliError(error: unknown, isIdempotent: boolean): CliError {
  if (error instanceof StartError) return { code: 'role', message: error.message };
  if (error instanceof DatabaseRefusedError) {
    return { code: 'redis_unavailable', message: messages.cli.redisDatabaseRefused };
  }
  if (error instanceof StoreUnavailableError) {
    const nothingChanged = isIdempotent || error.sent === 'no';
    const { redisUnavailable, redisLost } = messages.cli;
    const fault = error.fault === null ? null : messages.connectionFault(error.fault, cliFormatter);
    return { code: 'redis_unavailable', message: nothingChanged ? redisUnavailable(fault) : redisLost };
  }
  if (error instanceof StoreRefusedError) {
    const fault = messages.connectionFault(error.fault, cliFormatter);
    return { code: 'redis_unavailable', message: messages.cli.redisRefused(fault) };
  }
  const errorName = error instanceof Error ? error.name : typeof error;
  return { code: 'fault', message: messages.cli.unexpectedError(errorName) };
}
