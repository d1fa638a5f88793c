import { type ConfigResult, validateFiles } from './config.ts';
import type { ConfigFile, ReadFile } from './config-file.ts';
import type { RawEnvironment } from './environment.ts';
import { readPlainYaml } from './plain-yaml.ts';

/**
 * As `parseConfigFiles`, for commands that must start fast. It loads the parser that knows lines only for a file that has an error
 * or rare parts of YAML: that parser is large.
 */
export async function loadConfig(files: readonly ConfigFile[], env: RawEnvironment): Promise<ConfigResult> {
  const read = files.flatMap<ReadFile>(({ path, text }) => {
    const yaml = readPlainYaml(text, env);
    return yaml === null ? [] : [{ path, yaml }];
  });
  const result = read.length === files.length ? validateFiles(read, env) : null;
  if (result?.kind === 'read') return result;
  const { parseConfigFiles } = await import('./parse-config.ts');
  return parseConfigFiles(files, env);
}
