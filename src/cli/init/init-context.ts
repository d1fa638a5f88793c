import { join } from 'node:path';
import { parseEnvironment } from '../../config/environment.ts';
import { createLogger, type Logger } from '../../logging/logger.ts';
import { envFileName, readEnvFile } from '../env-file.ts';
import type { ProcessIo } from '../process-io.ts';
import { type EnvVariables, setVariables, writeSecretFile } from './env-variables.ts';
import type { Terminal } from './terminal.ts';

/** What the steps of `init` share. */
export interface InitContext {
  readonly io: ProcessIo;
  readonly terminal: Terminal;
  readonly log: Logger;
  /** The value of a variable: an answer, else that of the environment or of `.env`. Null without one. */
  value(name: string): string | null;
  /** Writes answers into `.env` at once, so that a stopped `init` can continue. */
  save(variables: EnvVariables): Promise<void>;
  /** Whether there was a `.env`. */
  readonly hasFile: boolean;
  /** The saved variables that the shell sets to another value. */
  setElsewhere(): string[];
}

export function createInitContext(io: ProcessIo, terminal: Terminal): InitContext {
  const file = readEnvFile(io);
  // `runCli` has read it before. If it is not readable now, it is not replaced.
  if (file.kind === 'refused') throw new Error(file.error.message);
  const saved = new Map<string, string | null>();
  let text = file.text;
  const parsed = parseEnvironment({ LOG_LEVEL: io.env['LOG_LEVEL'] });
  const level = (parsed.kind === 'read' ? parsed.environment.logLevel : null) ?? 'silent';
  return {
    io,
    terminal,
    log: createLogger({ level, to: { write: (line: string) => void io.stderr.write(line) } }),
    hasFile: file.text !== '',
    value(name) {
      const value = saved.has(name) ? saved.get(name) : io.env[name];
      return value?.trim() || null;
    },
    async save(variables) {
      text = setVariables(text, variables);
      await writeSecretFile(join(io.folder, envFileName), text);
      for (const [name, value] of Object.entries(variables)) saved.set(name, value);
    },
    setElsewhere: () =>
      [...saved].flatMap(([name, value]) => {
        const isOfFile = io.env[name] === undefined || io.env[name] === file.variables[name];
        return isOfFile || io.env[name] === value ? [] : [name];
      }),
  };
}
