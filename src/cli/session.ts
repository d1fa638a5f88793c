import { readFile } from 'node:fs/promises';
import { StoreUnavailable } from '../application/faults.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import { configFaultLine, environmentFaultLine } from '../config/fault.ts';
import { readSyncbotYml, type SyncbotConfig } from '../config.ts';
import { unchanged } from '../domain/words.ts';
import { createLogger, type Logger } from '../log.ts';
import { type CliApp, type ExitCode, exitCodes, type Role, RoleFault, type Shell } from './context.ts';
import { type Say, sayTo, type Told } from './say.ts';

/** What every command works with. */
export interface Session {
  readonly shell: Shell;
  readonly say: Say;
  readonly environment: Environment;
  readonly config: SyncbotConfig;
  readonly configPath: string;
  readonly app: CliApp;
  readonly log: Logger;
}

export interface SessionOptions {
  readonly json: boolean;
  /** Instead of SYNCBOT_CONFIG. */
  readonly file?: string | null;
  /** The level unless LOG_LEVEL says otherwise: a command for people is silent, its sentences say all. */
  readonly logLevel?: 'info' | 'silent';
  /** What this process is, in every line of its log. */
  readonly role?: Role;
  /** The command changes nothing before it takes care of lost answers itself. */
  readonly harmless: boolean;
}

/** Reads environment and syncbot.yml, opens the app, works, closes it; every fault becomes one sentence and an exit code. */
export async function withSession(
  shell: Shell,
  options: SessionOptions,
  work: (session: Session) => Promise<ExitCode>,
): Promise<ExitCode> {
  const say = sayTo(shell, options.json);
  const read = await readConfiguration(shell, options.file ?? null);
  if ('told' in read) {
    say.fault(read.told);
    return exitCodes.usage;
  }
  const { environment, config, configPath } = read;
  const level = environment.logLevel ?? options.logLevel ?? 'silent';
  const { version } = shell;
  const root = createLogger({ level, to: { write: (line: string) => void shell.stderr.write(line) } });
  const log = options.role === undefined ? root : root.child({ role: options.role, version });
  try {
    await using app = await shell.openApp({ environment, config, log, version });
    return await work({ shell, say, environment, config, configPath, app, log });
  } catch (error) {
    const isExpected = error instanceof RoleFault || error instanceof StoreUnavailable;
    if (!isExpected) log.error({ error }, 'command failed');
    say.fault(faultOf(error, options.harmless));
    return error instanceof RoleFault ? error.exitCode : exitCodes.notDone;
  }
}

type Configuration =
  | { readonly environment: Environment; readonly config: SyncbotConfig; readonly configPath: string }
  | { readonly told: Told };

async function readConfiguration({ env }: Shell, file: string | null): Promise<Configuration> {
  const read = readEnvironment(env);
  if (read.kind === 'refused') {
    return { told: { code: 'environment', message: read.faults.map(environmentFaultLine).join('\n') } };
  }
  const configPath = file ?? read.environment.configPath;
  const text = await readFile(configPath, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') {
    const why = text.code === 'ENOENT' ? 'does not exist' : `cannot be read (${text.code ?? text.name})`;
    const message = `${configPath} ${why}. Write it, or name another file with SYNCBOT_CONFIG.`;
    return { told: { code: 'configuration', message } };
  }
  const yml = readSyncbotYml(text, env);
  if (yml.kind === 'read') return { environment: read.environment, config: yml.config, configPath };
  const message = yml.faults.map((fault) => configFaultLine(configPath, fault)).join('\n');
  return { told: { code: 'configuration', message } };
}

function faultOf(error: unknown, harmless: boolean): Told {
  if (error instanceof RoleFault) return { code: 'role', message: error.message };
  if (!(error instanceof StoreUnavailable)) {
    const name = error instanceof Error ? error.name : 'no error';
    const message = `Something went wrong that should not (${name}). Run it again with LOG_LEVEL=error to see where.`;
    return { code: 'fault', message };
  }
  if (harmless || error.sent === 'no') {
    const message = `The bot's Redis does not answer. ${unchanged} Check REDIS_URL and that Redis is up.`;
    return { code: 'redis_unavailable', message };
  }
  const message = "The bot's Redis stopped answering on the way. Look with syncbot list what was changed.";
  return { code: 'redis_unavailable', message };
}
