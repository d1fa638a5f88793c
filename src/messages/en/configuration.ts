import type { Waves } from '../../domain/batch.ts';
import type { AlertSeverity } from '../../domain/conditions.ts';
import type {
  ConfigurationChange,
  ConnectionSource,
  SettingChange,
  SettingName,
  SettingValue,
  UnusableConnection,
} from '../../domain/configuration.ts';
import type { Digest } from '../../domain/digest.ts';
import type { OnCallRule } from '../../domain/on-call.ts';

const settingNames: Readonly<Record<SettingName, string>> = {
  confirmationTtlMs: 'confirmationTtl',
  observeEveryMs: 'observeEvery',
  operationRetentionMs: 'operationRetention',
  auditLength: 'auditLength',
  pausedReminderMs: 'pausedReminder',
  showErrors: 'showErrors',
  alertGroupWaitMs: 'alertGroupWait',
  alertGroupIntervalMs: 'alertGroupInterval',
  channelsWithoutButtons: 'channelsWithoutButtons',
  waves: 'waves',
};

/** One clause, such as `policy.operators: U0BOB may operate, U0ALICE no longer may`. */
function describeChange(change: ConfigurationChange): string {
  switch (change.kind) {
    case 'operators':
      return `policy.operators: ${[
        ...(change.added.length === 0 ? [] : [`${change.added.join(', ')} may operate`]),
        ...(change.removed.length === 0 ? [] : [`${change.removed.join(', ')} no longer may`]),
      ].join(', ')}`;
    case 'channels':
      return `policy.channels: ${channels(change.before)} → ${channels(change.after)}`;
    case 'on_call':
      return `policy.onCall: ${onCall(change.before)} → ${onCall(change.after)}`;
    case 'digests':
      return `digest: ${digests(change.before)} → ${digests(change.after)}`;
    case 'setting':
      return `settings.${settingNames[change.name]}: ${settingValue(change, change.before)} → ${settingValue(change, change.after)}`;
    case 'connection_added':
      return `connection ${change.name} added${variablesOf(change.source)}`;
    case 'connection_changed':
      return `connection ${change.name} changed${variablesOf(change.source)}`;
    case 'connection_removed':
      return `connection ${change.name} removed`;
    default:
      return change satisfies never;
  }
}

function channels(ids: readonly string[]): string {
  return ids.length === 0 ? 'every channel that is not shared with another organization' : ids.join(', ');
}

function onCall(rules: readonly OnCallRule[]): string {
  if (rules.length === 0) return 'the person who last changed the project';
  return rules
    .map(({ mention, label, severity }) => {
      const projects = label === null ? 'all projects' : `projects with the label ${label}`;
      return `${mention.join(', ')} for ${leastSeverities[severity]} of ${projects}`;
    })
    .join('; ');
}

function digests(entries: readonly Digest[]): string {
  if (entries.length === 0) return 'none';
  return entries.map(({ at, timezone, channel }) => `${at} ${timezone} in ${channel}`).join('; ');
}

const leastSeverities: Readonly<Record<AlertSeverity, string>> = {
  critical: 'critical alerts',
  warning: 'critical alerts and warnings',
  info: 'all alerts',
};

function settingValue({ name }: SettingChange, value: SettingValue): string {
  if (value === null) return 'none';
  if (isWaves(value)) return `${value.size}, ${value.wait === 'caughtUp' ? value.wait : durationInFile(value.wait)}`;
  if (typeof value === 'object') return value.length === 0 ? 'none' : value.join(', ');
  if (typeof value === 'boolean') return String(value);
  if (name === 'pausedReminderMs' && value === 0) return 'off';
  return name === 'auditLength' ? String(value) : durationInFile(value);
}

function isWaves(value: SettingValue): value is Waves {
  return typeof value === 'object' && value !== null && 'size' in value;
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** As syncbot.yml writes it, such as `250ms` or `5m`, without rounding. */
function durationInFile(ms: number): string {
  const unit = units.find(([, length]) => ms % length === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

function variablesOf(source: ConnectionSource): string {
  return source.kind === 'file' ? '' : ` (from ${source.variables.join(', ')})`;
}

/** Why a process cannot use a connection, and what to do. */
function unusable(connection: UnusableConnection): string {
  const { name } = connection;
  switch (connection.kind) {
    case 'variables_not_set':
      return `connection ${name} is not configured in this process: set ${connection.variables.join(', ')} and restart it`;
    case 'invalid_url':
      return `connection ${name} is not configured in this process: ${connection.variables.join(', ')} must give the URL of a Redis, and the files that it names must be readable. Correct the environment and restart it`;
    case 'other_file':
      return `connection ${name} is not configured in this process: its URL is in syncbot.yml. Give it the current file and restart it`;
    default:
      return connection satisfies never;
  }
}

/** What processes of one role need, such as `2 processes (worker) cannot use connection warehouse: set W_URL and restart them`. */
function unusableIn(count: number, role: string, connection: UnusableConnection): string {
  const subject = `${processes(count, role)} cannot use connection ${connection.name}`;
  switch (connection.kind) {
    case 'variables_not_set':
      return `${subject}: set ${connection.variables.join(', ')} and restart`;
    case 'invalid_url':
      return `${subject}: ${connection.variables.join(', ')} must give the URL of a Redis, and the files that it names must be readable. Correct the environment and restart`;
    case 'other_file':
      return `${subject}: its URL is in syncbot.yml. Restart with the current file`;
    default:
      return connection satisfies never;
  }
}

function processes(count: number, role: string): string {
  return `${count === 1 ? '1 running process' : `${count} running processes`} (${role})`;
}

/** Texts about the policy, settings and connections that `apply` stores. */
export const configuration = {
  change: describeChange,
  unusable,
  unusableIn,
  notApplied: 'policy, settings and connections of the file are not applied yet, so each process uses its own file',
  unreadable:
    'the stored policy, settings and connections cannot be read: a newer syncbot may have written them. Update syncbot',
  differs: (changes: readonly string[]) =>
    `the file would change policy, settings or connections: ${changes.join(', ')}`,
  outdated: (count: number, role: string) =>
    `${processes(count, role)} ${count === 1 ? 'uses' : 'use'} an older configuration. Each process reads the stored one every 2 s. If this stays, read the log of the process`,
  current: (count: number) => (count === 1 ? '1 running process uses it' : `all ${count} running processes use it`),
};
