import type { z } from 'zod';
import type { Policy } from '../domain/authorization.ts';
import type { ConfigSettings, Configuration } from '../domain/configuration.ts';
import type { DesiredProject } from '../domain/diff-projects.ts';
import type { Digest } from '../domain/digest.ts';
import { defaultKeyPrefix } from '../domain/installation.ts';
import type { OnCallRule } from '../domain/on-call.ts';
import { messages } from '../messages/catalog.ts';
import type { ReadFile } from './config-file.ts';
import { type ConnectionResolver, createConnectionResolver, toConnectionSources } from './connection-sources.ts';
import { crossCheck } from './cross-checks.ts';
import { defaultRedisUrl, type RawEnvironment } from './environment.ts';
import { type FileError, formatPath, type KeyError } from './errors.ts';
import { inheritKeys } from './inherited-keys.ts';
import { hintFor, hintForUnknownKey } from './key-docs.ts';
import { type FileKeyError, mergeFiles } from './merge-files.ts';
import type { RedisEndpoint } from './redis-url.ts';
import { fileSchema, type SyncbotFile } from './schema.ts';

const { config: texts } = messages;

/** The parsed and validated syncbot.yml. Deeply frozen. */
export interface SyncbotConfig {
  /** By name, without `default` (REDIS_URL). Secret: endpoints can hold passwords. */
  readonly connections: Readonly<Record<string, RedisEndpoint>>;
  readonly policy: Policy;
  readonly onCall: readonly OnCallRule[];
  readonly digests: readonly Digest[];
  readonly settings: ConfigSettings;
  readonly projects: readonly DesiredProject[];
  /** The policy, settings and connections as `apply` stores them, without secrets. */
  readonly configuration: Configuration;
}

export type ConfigResult =
  | {
      readonly kind: 'read';
      readonly config: SyncbotConfig;
      /** Finds the URLs of stored connections in the environment, and in this file. */
      readonly resolveConnections: ConnectionResolver;
    }
  /** Every error of the files, in the order of the files and their lines. */
  | { readonly kind: 'refused'; readonly errors: readonly FileError[] };

/**
 * Validates files that together are one syncbot.yml, and that have no error in their syntax. Reports all errors at once, each with
 * its path, line and hint.
 */
export function validateFiles(readFiles: readonly ReadFile[], env: RawEnvironment): ConfigResult {
  const merged = mergeFiles(readFiles);
  const inherited = inheritKeys(merged.value);
  const parsed = fileSchema.safeParse(inherited.value, { error: issueMessage });
  const checked = [
    ...(parsed.error?.issues ?? []).flatMap(toKeyErrors),
    ...inherited.errors,
    ...crossCheck(inherited.value, {
      defaultUrl: env['REDIS_URL']?.trim() || defaultRedisUrl,
      keyPrefix: env['SYNCBOT_PREFIX']?.trim() || defaultKeyPrefix,
    }),
  ].filter(({ path }) => !inherited.isInherited(path));
  const variableErrors = readFiles.flatMap(({ yaml }, file) =>
    yaml.variableErrors.map((error) => ({ ...error, file })),
  );
  const errors = [
    ...merged.errors,
    ...mergeErrors(
      variableErrors,
      checked.map((error) => ({ ...error, file: merged.fileOf(error.path) })),
    ),
  ];
  if (parsed.success && errors.length === 0) {
    const file = toConfig(parsed.data);
    const connections = toConnectionSources(file.connections, merged.connectionTexts);
    const { policy, onCall, digests, settings } = file;
    const config = deepFreeze({ ...file, configuration: { policy, onCall, digests, settings, connections } });
    return { kind: 'read', config, resolveConnections: createConnectionResolver(config.connections, env) };
  }
  return { kind: 'refused', errors: inOrder(errors, readFiles) };
}

/** By file and line. */
function inOrder(errors: readonly FileKeyError[], files: readonly ReadFile[]): FileError[] {
  return errors
    .map(({ path, file, ...error }) => ({
      index: file,
      error: {
        ...error,
        path: formatPath(path),
        line: files[file]?.yaml.lineOf(path) ?? 1,
        file: files[file]?.path ?? '',
      },
    }))
    .sort((a, b) => a.index - b.index || a.error.line - b.error.line)
    .map(({ error }) => error);
}

function toConfig({
  connections,
  policy,
  digest,
  settings,
  projects,
}: SyncbotFile): Omit<SyncbotConfig, 'configuration'> {
  const { onCall, ...authorization } = policy;
  const {
    confirmationTtl,
    observeEvery,
    operationRetention,
    pausedReminder,
    pauseMax,
    alertGroupWait,
    alertGroupInterval,
    ...otherSettings
  } = settings;
  return {
    connections,
    policy: authorization,
    onCall,
    digests: digest,
    settings: {
      confirmationTtlMs: confirmationTtl,
      observeEveryMs: observeEvery,
      operationRetentionMs: operationRetention,
      pausedReminderMs: pausedReminder,
      alertGroupWaitMs: alertGroupWait,
      alertGroupIntervalMs: alertGroupInterval,
      ...otherSettings,
    },
    projects: Object.entries(projects).map(([id, { adopt, ...rest }]) => ({
      adopt,
      definition: {
        v: 1,
        id,
        ...rest,
        pauseMax: rest.pauseMax ?? pauseMax,
      },
    })),
  };
}

/** The message of an issue for which the schema has none. */
function issueMessage(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined) return texts.missing;
  if (issue.code !== 'invalid_type') return undefined;
  return (issue.path ?? []).length === 0 ? texts.wrongFileType(issue.expected) : texts.wrongType(issue.expected);
}

function toKeyErrors(issue: z.core.$ZodIssue): KeyError[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: texts.unknownKey,
      hint: hintForUnknownKey(path, key),
    }));
  }
  return [{ path, message, hint: path.length === 0 ? texts.writeKeys : hintFor(path) }];
}

/** All variable errors, and for every other path its first error. Later errors of a path are consequences. */
function mergeErrors(variableErrors: readonly FileKeyError[], otherErrors: readonly FileKeyError[]): FileKeyError[] {
  const reported = new Set(variableErrors.map(({ path }) => formatPath(path)));
  const isFirst = ({ path }: KeyError) => !reported.has(formatPath(path)) && reported.add(formatPath(path));
  return [...variableErrors, ...otherErrors.filter(isFirst)];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
