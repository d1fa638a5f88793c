import type { z } from 'zod';
import type { DesiredProject } from '../application/diff-projects.ts';
import type { Policy } from '../domain/policy.ts';
import { crossCheck } from './cross-checks.ts';
import { defaultRedisUrl, type RawEnvironment } from './environment.ts';
import { type ConfigError, formatPath, toPrintable } from './errors.ts';
import { hintFor, unknownKeyError } from './hints.ts';
import type { RedisEndpoint } from './redis-url.ts';
import { fileSchema, type SyncbotFile } from './schema.ts';
import { type ParsedYaml, parseYaml } from './yaml.ts';

/** `settings` of syncbot.yml. */
export interface ConfigSettings {
  readonly confirmationTtlMs: number;
  readonly observeEveryMs: number;
  readonly operationRetentionMs: number;
  readonly auditLength: number;
  /** Whether masked reasons of failed tasks may be shown in channels. */
  readonly showErrors: boolean;
}

/** syncbot.yml, read and checked. Frozen. */
export interface SyncbotConfig {
  /** Name → its Redis. Secrets: addresses may hold passwords. `default` (REDIS_URL) is not among them. */
  readonly connections: Readonly<Record<string, RedisEndpoint>>;
  readonly policy: Policy;
  readonly settings: ConfigSettings;
  readonly projects: readonly DesiredProject[];
}

export type ConfigResult =
  | { readonly kind: 'read'; readonly config: SyncbotConfig }
  /** Every fault of the file, in the order of its lines. */
  | { readonly kind: 'refused'; readonly errors: readonly ConfigError[] };

/** Reads syncbot.yml whole: all faults at once, each with its path, its line and a hint. */
export function parseConfig(text: string, env: RawEnvironment): ConfigResult {
  const yaml = parseYaml(text, env);
  if (yaml.kind === 'refused') return yaml;
  const { source } = yaml;
  if (source.value === null || source.value === undefined) return { kind: 'refused', errors: [emptyFileError] };
  const parsed = fileSchema.safeParse(source.value);
  const errors = mergeErrorsByPath(source.errors, [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => toConfigErrors(issue, source))),
    ...crossCheck(source.value, env['REDIS_URL']?.trim() || defaultRedisUrl).map(({ path, message, hint }) => ({
      path: formatPath(path),
      line: source.lineOf(path),
      message,
      hint,
    })),
  ]);
  if (parsed.success && errors.length === 0) return { kind: 'read', config: deepFreeze(toConfig(parsed.data)) };
  return { kind: 'refused', errors: errors.sort((a, b) => a.line - b.line) };
}

function toConfig({ connections, policy, settings, projects }: SyncbotFile): SyncbotConfig {
  const { confirmationTtl, observeEvery, operationRetention, ...otherSettings } = settings;
  return {
    connections,
    policy,
    settings: {
      confirmationTtlMs: confirmationTtl,
      observeEveryMs: observeEvery,
      operationRetentionMs: operationRetention,
      ...otherSettings,
    },
    projects: Object.entries(projects).map(([id, { adopt, ...rest }]) => ({
      adopt,
      definition: { v: 1, id, ...rest },
    })),
  };
}

const emptyFileError: ConfigError = {
  path: '',
  line: 1,
  message: 'The file is empty',
  hint: 'Write at least `projects: {}`.',
};

type Issue = z.core.$ZodIssue;

function toConfigErrors(issue: Issue, source: ParsedYaml): ConfigError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { path: formatPath(path), line: source.lineOf(path), ...unknownKeyError(issue.path, key) };
    });
  }
  const isMissing = issue.path.length > 0 && valueAt(source.value, issue.path) === undefined;
  return [
    {
      path: formatPath(issue.path),
      line: source.lineOf(issue.path),
      message: isMissing ? 'is missing' : issue.code === 'invalid_type' ? typeMessage(issue) : issue.message,
      hint: issue.path.length === 0 ? 'Write keys such as `projects:`.' : hintFor(issue.path),
    },
  ];
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  object: 'a section with keys',
  record: 'a section with keys',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
};

function typeMessage(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const message = `is not ${typeNames[issue.expected] ?? toPrintable(issue.expected)}`;
  return issue.path.length === 0 ? `The file ${message}` : message;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (current, key) =>
      typeof current === 'object' && current !== null ? (current as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

/** All of `first`, and of the others one for each key: the first found is the nearest to its cause. */
function mergeErrorsByPath(yamlErrors: readonly ConfigError[], otherErrors: readonly ConfigError[]): ConfigError[] {
  const reportedPaths = new Set(yamlErrors.map(({ path }) => path));
  return [...yamlErrors, ...otherErrors.filter(({ path }) => !reportedPaths.has(path) && reportedPaths.add(path))];
}

/** Freezes plain data through and through. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
