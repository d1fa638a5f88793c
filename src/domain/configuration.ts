import { z } from 'zod';
import { emptyPolicy, policySchema } from './authorization.ts';
import { wavesSchema } from './batch.ts';
import { type Digest, digestKey, digestSchema } from './digest.ts';
import { type OnCallRule, onCallRuleSchema } from './on-call.ts';

const positive = z.number().int().positive();

/** `settings` of syncbot.yml. Durations are ms. */
export const settingsSchema = z.object({
  confirmationTtlMs: positive,
  observeEveryMs: positive,
  operationRetentionMs: positive,
  auditLength: positive,
  /** 0 for never. Earlier versions did not store it. */
  pausedReminderMs: z.number().int().nonnegative().default(86_400_000),
  /** Whether everybody sees the masked reasons of failed tasks. */
  showErrors: z.boolean(),
  /** How long a new group of alerts waits for more of them before it is posted. Earlier versions did not store it. */
  alertGroupWaitMs: positive.default(10_000),
  /** How long after its last alert a group accepts another one. Earlier versions did not store it. */
  alertGroupIntervalMs: positive.default(60_000),
  /** The channels whose alerts and outcomes have no buttons. Earlier versions did not store it. */
  channelsWithoutButtons: z.array(z.string()).readonly().default([]),
  /** How a restore of several projects goes on. Null if it restores all at once. Earlier versions did not store it. */
  waves: wavesSchema.nullable().default(null),
});
export type ConfigSettings = Readonly<z.infer<typeof settingsSchema>>;
export type SettingName = keyof ConfigSettings;

/** Where a process finds the URL of a connection. A URL itself is never stored. */
const connectionSourceSchema = z.discriminatedUnion('kind', [
  /** The text of the file, with `${VAR}`: each process takes the values from its own environment. It has no password. */
  z.object({ kind: z.literal('template'), template: z.string(), variables: z.array(z.string()) }),
  /** The URL is in syncbot.yml, so each process needs the file. `digest`: of the address and user name, not the password. */
  z.object({ kind: z.literal('file'), digest: z.string() }),
]);
export type ConnectionSource = Readonly<z.infer<typeof connectionSourceSchema>>;

/** By name, without `default` (REDIS_URL). */
export type ConnectionSources = Readonly<Record<string, ConnectionSource>>;

/** Everything of syncbot.yml that concerns all projects. `apply` stores it, and every process uses what is stored. */
export const configurationSchema = z.object({
  policy: policySchema,
  /** `policy.onCall`. Earlier versions did not store it. */
  onCall: z.array(onCallRuleSchema).readonly().default([]),
  /** `digest`. Earlier versions did not store it. */
  digests: z.array(digestSchema).readonly().default([]),
  settings: settingsSchema,
  connections: z.record(z.string(), connectionSourceSchema),
});
export type Configuration = Readonly<z.infer<typeof configurationSchema>>;

/** Why a process cannot use a stored connection. Each needs a restart of the process. */
export const unusableConnectionSchema = z.discriminatedUnion('kind', [
  /** These variables are not set in the environment of the process. */
  z.object({ kind: z.literal('variables_not_set'), name: z.string(), variables: z.array(z.string()) }),
  /** With the environment of the process the text is not the URL of a Redis. */
  z.object({ kind: z.literal('invalid_url'), name: z.string(), variables: z.array(z.string()) }),
  /** The syncbot.yml of the process lacks the connection, or has another address. */
  z.object({ kind: z.literal('other_file'), name: z.string() }),
]);
export type UnusableConnection = Readonly<z.infer<typeof unusableConnectionSchema>>;

/** One difference between two configurations. */
export type ConfigurationChange =
  | { readonly kind: 'operators'; readonly added: readonly string[]; readonly removed: readonly string[] }
  | { readonly kind: 'channels'; readonly before: readonly string[]; readonly after: readonly string[] }
  | { readonly kind: 'on_call'; readonly before: readonly OnCallRule[]; readonly after: readonly OnCallRule[] }
  | { readonly kind: 'digests'; readonly before: readonly Digest[]; readonly after: readonly Digest[] }
  | SettingChange
  | {
      readonly kind: 'connection_added' | 'connection_changed';
      readonly name: string;
      readonly source: ConnectionSource;
    }
  | { readonly kind: 'connection_removed'; readonly name: string };

export type SettingValue = ConfigSettings[SettingName];

export interface SettingChange {
  readonly kind: 'setting';
  readonly name: SettingName;
  readonly before: SettingValue;
  readonly after: SettingValue;
}

/** Returns what a new configuration changes. Empty if both have the same effect. `before`: null if none is stored. */
export function configurationChanges(before: Configuration | null, after: Configuration): ConfigurationChange[] {
  const known = before ?? { policy: emptyPolicy, onCall: [], digests: [], settings: after.settings, connections: {} };
  return [
    ...policyChanges(known, after),
    ...(isSameOnCall(known.onCall, after.onCall)
      ? []
      : [{ kind: 'on_call', before: known.onCall, after: after.onCall } as const]),
    ...(isSameDigests(known.digests, after.digests)
      ? []
      : [{ kind: 'digests', before: known.digests, after: after.digests } as const]),
    ...settingChanges(known.settings, after.settings),
    ...connectionChanges(known.connections, after.connections),
  ];
}

function policyChanges({ policy: before }: Configuration, { policy: after }: Configuration): ConfigurationChange[] {
  const added = without(after.operators, before.operators);
  const removed = without(before.operators, after.operators);
  const isOtherChannel =
    without(after.channels, before.channels).length + without(before.channels, after.channels).length;
  return [
    ...(added.length + removed.length === 0 ? [] : [{ kind: 'operators', added, removed } as const]),
    ...(isOtherChannel === 0 ? [] : [{ kind: 'channels', before: before.channels, after: after.channels } as const]),
  ];
}

function isSameOnCall(a: readonly OnCallRule[], b: readonly OnCallRule[]): boolean {
  const toText = (rules: readonly OnCallRule[]) =>
    JSON.stringify(rules.map(({ mention, label, severity }) => [mention, label, severity]));
  return toText(a) === toText(b);
}

function isSameDigests(a: readonly Digest[], b: readonly Digest[]): boolean {
  return a.map(digestKey).sort().join() === b.map(digestKey).sort().join();
}

function settingChanges(before: ConfigSettings, after: ConfigSettings): SettingChange[] {
  const names = settingsSchema.keyof().options;
  return names
    .filter((name) => !isSameSetting(before[name], after[name]))
    .map((name) => ({ kind: 'setting', name, before: before[name], after: after[name] }));
}

/** The order of ids has no effect. */
function isSameSetting(a: SettingValue, b: SettingValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return [...a].sort().join() === [...b].sort().join();
  return JSON.stringify(a) === JSON.stringify(b);
}

function connectionChanges(before: ConnectionSources, after: ConnectionSources): ConfigurationChange[] {
  const find = (sources: ConnectionSources, name: string) => (Object.hasOwn(sources, name) ? sources[name] : undefined);
  return [
    ...Object.entries(after).flatMap(([name, source]): ConfigurationChange[] => {
      const old = find(before, name);
      if (old === undefined) return [{ kind: 'connection_added', name, source }];
      return isSameSource(old, source) ? [] : [{ kind: 'connection_changed', name, source }];
    }),
    ...without(Object.keys(before), Object.keys(after)).map((name) => ({ kind: 'connection_removed', name }) as const),
  ];
}

function isSameSource(a: ConnectionSource, b: ConnectionSource): boolean {
  if (a.kind === 'file' || b.kind === 'file') return a.kind === 'file' && b.kind === 'file' && a.digest === b.digest;
  return a.template === b.template;
}

function without(items: readonly string[], others: readonly string[]): string[] {
  return items.filter((item) => !others.includes(item));
}
