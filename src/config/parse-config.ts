import { messages } from '../messages/catalog.ts';
import { type ConfigResult, validateFiles } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import type { RawEnvironment } from './environment.ts';
import type { ConfigError } from './errors.ts';
import { parseYaml, type YamlResult } from './yaml.ts';

/** Parses one syncbot.yml. Reports all errors at once, each with its path, line and hint. */
export function parseConfig(text: string, env: RawEnvironment): ConfigResult {
  return parseConfigFiles([{ path: 'syncbot.yml', text }], env);
}

/** As `parseConfig`, for files that together are one syncbot.yml. */
export function parseConfigFiles(files: readonly ConfigFile[], env: RawEnvironment): ConfigResult {
  const parsed = files.map(({ path, text }) => ({ path, yaml: parseYaml(text, env) }));
  const errors = parsed.flatMap(({ path, yaml }) => errorsOfFile(yaml).map((error) => ({ ...error, file: path })));
  if (errors.length > 0) return { kind: 'refused', errors };
  const read = parsed.flatMap(({ path, yaml }) => (yaml.kind === 'read' ? [{ path, yaml }] : []));
  return validateFiles(read, env);
}

/** The errors of a file that cannot be merged with others. */
function errorsOfFile(yaml: YamlResult): readonly ConfigError[] {
  if (yaml.kind === 'refused') return yaml.errors;
  return yaml.value === null ? [emptyFileError] : [];
}

const { emptyFile, writeProjects } = messages.config;
const emptyFileError: ConfigError = { path: '', line: 1, message: emptyFile, hint: writeProjects };
