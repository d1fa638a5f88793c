import { stringify } from 'yaml';
import type { ConfigSettings, Configuration, ConnectionSource } from '../domain/configuration.ts';
import type { Link } from '../domain/link.ts';
import { defaultConnection } from '../domain/link.ts';
import type { ProjectDefinition } from '../domain/project.ts';
import { messages } from '../messages/catalog.ts';
import { schemaComment } from './json-schema.ts';

export interface StoredState {
  /** Null if none is stored. Then the file has projects only. */
  readonly configuration: Configuration | null;
  readonly definitions: readonly ProjectDefinition[];
}

/**
 * Writes the stored state as a syncbot.yml that changes nothing if it is applied. It holds no secret: a connection is the text
 * with `${VAR}` that is stored, or, if its URL was written in the file, a new variable (`urlVariable`). `defaults` and `labels`
 * are not stored: the projects have their values.
 */
export function exportConfig({ configuration, definitions }: StoredState): string {
  const file = {
    ...(configuration === null ? {} : configurationSections(configuration)),
    projects: Object.fromEntries(definitions.map((definition) => [definition.id, projectSection(definition)])),
  };
  return `${schemaComment}\n# ${messages.cli.export.head}\n${stringify(file, { lineWidth: 0 })}`;
}

/** The connections whose URL is not stored, and the variable that the exported file takes it from. */
export function unstoredUrls(
  configuration: Configuration | null,
): { readonly name: string; readonly variable: string }[] {
  return Object.entries(configuration?.connections ?? {}).flatMap(([name, { kind }]) =>
    kind === 'file' ? [{ name, variable: urlVariable(name) }] : [],
  );
}

function configurationSections({ connections, policy, onCall, digests, settings }: Configuration) {
  const urls = Object.entries(connections).map(([name, source]) => [name, connectionText(name, source)]);
  const rules = onCall.map(({ mention, label, severity }) => ({ mention, ...textIfSet('label', label), severity }));
  return {
    ...(urls.length === 0 ? {} : { connections: Object.fromEntries(urls) }),
    policy: { operators: policy.operators, channels: policy.channels, onCall: rules },
    ...(digests.length === 0
      ? {}
      : { digest: digests.map(({ at, timezone, channel }) => ({ at, timezone, channel })) }),
    settings: settingsSection(settings),
  };
}

function settingsSection(settings: ConfigSettings) {
  const { auditLength, showErrors, channelsWithoutButtons, waves } = settings;
  return {
    confirmationTtl: durationText(settings.confirmationTtlMs),
    observeEvery: durationText(settings.observeEveryMs),
    operationRetention: durationText(settings.operationRetentionMs),
    pausedReminder: durationOrOff(settings.pausedReminderMs),
    auditLength,
    showErrors,
    alertGroupWait: durationText(settings.alertGroupWaitMs),
    alertGroupInterval: durationText(settings.alertGroupIntervalMs),
    channelsWithoutButtons,
    ...(waves === null
      ? {}
      : { waves: { size: waves.size, wait: waves.wait === 'caughtUp' ? waves.wait : durationText(waves.wait) } }),
  };
}

/** Leaves out what a project has by default. */
function projectSection(definition: ProjectDefinition) {
  const { description, source, target, labels, channel, onCall, runbook, onFailure, links } = definition;
  return {
    ...textIfSet('description', description),
    ...(source === null ? {} : { source: { type: escapeText(source.type), name: escapeText(source.name) } }),
    ...(target === null ? {} : { target: { type: escapeText(target.type), name: escapeText(target.name) } }),
    ...(labels.length === 0 ? {} : { labels: labels.map(escapeText) }),
    ...textIfSet('channel', channel),
    ...(onCall.length === 0 ? {} : { onCall }),
    ...textIfSet('runbook', runbook),
    ...(onFailure === 'pause' ? {} : { onFailure }),
    ...durationIfSet('logRetention', definition.logRetention),
    ...(definition.pausedReminder === null ? {} : { pausedReminder: durationOrOff(definition.pausedReminder) }),
    ...durationIfSet('pauseMax', definition.pauseMax),
    ...durationIfSet('latencyAlert', definition.latencyAlert),
    links: links.map(linkEntry),
  };
}

function linkEntry({ queue, connection, prefix }: Link) {
  return {
    queue: escapeText(queue),
    ...(connection === defaultConnection ? {} : { connection }),
    ...(prefix === 'bull' ? {} : { prefix: escapeText(prefix) }),
  };
}

function connectionText(name: string, source: ConnectionSource): string {
  return source.kind === 'template' ? source.template : `\${${urlVariable(name)}}`;
}

/** `WAREHOUSE_REDIS_URL` for the connection `warehouse`. */
function urlVariable(name: string): string {
  const words = name.toUpperCase().replaceAll('-', '_');
  return `${/^\d/.test(words) ? '_' : ''}${words}_REDIS_URL`;
}

function textIfSet(key: string, text: string | null) {
  return text === null ? {} : { [key]: escapeText(text) };
}

function durationIfSet(key: string, ms: number | null) {
  return ms === null ? {} : { [key]: durationText(ms) };
}

function durationOrOff(ms: number): string {
  return ms === 0 ? 'off' : durationText(ms);
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** In the largest unit that has a whole number. */
function durationText(ms: number): string {
  const [unit, unitMs] = units.find(([, each]) => ms % each === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}

/** Stored texts have no variables. */
function escapeText(text: string): string {
  // A replacement text would read `$$` as `$`.
  return text.replaceAll('${', () => '$${');
}
