import type { z } from 'zod';
import type { WantedProject } from './application/wanted.ts';
import { crossCheck } from './config/cross-checks.ts';
import { defaultRedisUrl, type RawEnvironment } from './config/environment.ts';
import { type ConfigFault, pathText, printable } from './config/fault.ts';
import { deepFreeze } from './config/freeze.ts';
import { fileSchema, type SyncbotFile } from './config/schema.ts';
import { hintFor, unknownKey } from './config/vocabulary.ts';
import { readYaml, type YamlSource } from './config/yaml-source.ts';
import type { Policy } from './domain/policy.ts';
import type { RedisTarget } from './redis-address.ts';

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
  readonly connections: Readonly<Record<string, RedisTarget>>;
  readonly policy: Policy;
  readonly settings: ConfigSettings;
  readonly projects: readonly WantedProject[];
}

export type SyncbotYmlRead =
  | { readonly kind: 'read'; readonly config: SyncbotConfig }
  /** Every fault of the file, in the order of its lines. */
  | { readonly kind: 'refused'; readonly faults: readonly ConfigFault[] };

/** Reads syncbot.yml whole: all faults at once, each with its path, its line and a hint. */
export function readSyncbotYml(text: string, env: RawEnvironment): SyncbotYmlRead {
  const yaml = readYaml(text, env);
  if (yaml.kind === 'refused') return yaml;
  const { source } = yaml;
  if (source.value === null || source.value === undefined) return { kind: 'refused', faults: [emptyFile] };
  const parsed = fileSchema.safeParse(source.value);
  const faults = oncePerPath(source.faults, [
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => issueFaults(issue, source))),
    ...crossCheck(source.value, env['REDIS_URL']?.trim() || defaultRedisUrl).map(({ path, message, hint }) => ({
      path: pathText(path),
      line: source.lineOf(path),
      message,
      hint,
    })),
  ]);
  if (parsed.success && faults.length === 0) return { kind: 'read', config: deepFreeze(configOf(parsed.data)) };
  return { kind: 'refused', faults: faults.sort((a, b) => a.line - b.line) };
}

function configOf({ connections, policy, settings, projects }: SyncbotFile): SyncbotConfig {
  const { confirmationTtl, observeEvery, operationRetention, ...plain } = settings;
  return {
    connections,
    policy,
    settings: {
      confirmationTtlMs: confirmationTtl,
      observeEveryMs: observeEvery,
      operationRetentionMs: operationRetention,
      ...plain,
    },
    projects: Object.entries(projects).map(([id, { adopt, ...rest }]) => ({
      adopt,
      definition: { v: 1, id, ...rest },
    })),
  };
}

const emptyFile: ConfigFault = {
  path: '',
  line: 1,
  message: 'The file is empty',
  hint: 'Write at least `projects: {}`.',
};

type Issue = z.core.$ZodIssue;

function issueFaults(issue: Issue, source: YamlSource): ConfigFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { path: pathText(path), line: source.lineOf(path), ...unknownKey(issue.path, key) };
    });
  }
  const missing = issue.path.length > 0 && valueAt(source.value, issue.path) === undefined;
  return [
    {
      path: pathText(issue.path),
      line: source.lineOf(issue.path),
      message: missing ? 'is missing' : issue.code === 'invalid_type' ? typeSentence(issue) : issue.message,
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

function typeSentence(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  const sentence = `is not ${typeNames[issue.expected] ?? printable(issue.expected)}`;
  return issue.path.length === 0 ? `The file ${sentence}` : sentence;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
}

/** All of `first`, and of the others one for each key: the first found is the nearest to its cause. */
function oncePerPath(first: readonly ConfigFault[], others: readonly ConfigFault[]): ConfigFault[] {
  const seen = new Set(first.map(({ path }) => path));
  return [...first, ...others.filter(({ path }) => !seen.has(path) && seen.add(path))];
}
