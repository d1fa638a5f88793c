import { join } from 'node:path';
import { parseEnvironment, type RawEnvironment } from '../../config/environment.ts';
import { replaceFile } from '../../lib/text-file.ts';
import { createLogger, type Logger } from '../../logging/logger.ts';
import { envFileName, readEnvFile } from '../env-file.ts';
import type { ProcessIo } from '../process-io.ts';
import { type EnvVariables, setVariables } from './env-variables.ts';
import type { Terminal } from './terminal.ts';

/** What the steps of `init` share. */
export interface InitContext {
  readonly io: ProcessIo;
  readonly terminal: Terminal;
  readonly log: Logger;
  /** Each variable: an answer, else that of the environment or of `.env`. */
  env(): RawEnvironment;
  /** The value of a variable in `env`. Null without one. */
  value(name: string): string | null;
  /** Writes answers into `.env` at once, so that a stopped `init` can continue. Only the owner may read the file. */
  save(variables: EnvVariables): Promise<void>;
  /** Whether there was a `.env`. */
  readonly hasFile: boolean;
  /** The saved variables that the shell sets to another value. */
  setElsewhere(): string[];
}

/** `io.env`: without the variables of `.env`. */
export function createInitContext(io: ProcessIo, terminal: Terminal): InitContext {
  const file = readEnvFile(io);
  // `runCli` has read it before. If it cannot be read now, it is not replaced.
  if (file.kind === 'refused') throw new Error(file.error.message);
  const saved = new Map<string, string | undefined>();
  let text = file.text;
  const env = () => ({ ...file.variables, ...io.env, ...Object.fromEntries(saved) });
  const parsed = parseEnvironment({ LOG_LEVEL: env()['LOG_LEVEL'] });
  const level = (parsed.kind === 'read' ? parsed.environment.logLevel : null) ?? 'silent';
  return {
    io,
    terminal,
    log: createLogger({ level, to: { write: (line: string) => void io.stderr.write(line) } }),
    hasFile: file.text !== '',
    env,
    value: (name) => env()[name]?.trim() || null,
    async save(variables) {
      text = setVariables(text, variables);
      await replaceFile(join(io.folder, envFileName), text, 0o600);
      for (const [name, value] of Object.entries(variables)) saved.set(name, value ?? undefined);
    },
    setElsewhere: () =>
      [...saved].flatMap(([name, value]) => (io.env[name] === undefined || io.env[name] === value ? [] : [name])),
  };
}
