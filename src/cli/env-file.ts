import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { RawEnvironment } from '../config/environment.ts';
import { messages } from '../messages/catalog.ts';
import type { CliError } from './output.ts';
import type { ProcessIo } from './process-io.ts';

export const envFileName = '.env';

export type EnvFileResult =
  /** Empty if there is no file. */
  | { readonly kind: 'read'; readonly text: string; readonly variables: RawEnvironment }
  | { readonly kind: 'refused'; readonly error: CliError };

/** No file, or a folder with that name. */
const noFileCodes: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'EISDIR'];

/** Reads `.env` in the current folder. */
export function readEnvFile({ folder }: Pick<ProcessIo, 'folder'>): EnvFileResult {
  try {
    const text = readFileSync(join(folder, envFileName), 'utf8');
    return { kind: 'read', text, variables: parseEnv(text) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (noFileCodes.includes(code)) return { kind: 'read', text: '', variables: {} };
    return { kind: 'refused', error: { code: 'environment', message: messages.cli.envFileUnreadable(String(code)) } };
  }
}
