import { z } from 'zod';
import { defaultConnection } from '../domain/link.ts';
import { projectIdSchema } from '../domain/project.ts';
import { closestMatch } from '../lib/closest-match.ts';
import { messages } from '../messages/catalog.ts';
import type { KeyError } from './errors.ts';
import { hintFor } from './key-docs.ts';
import { linkSchema } from './project-schema.ts';
import { toList, toRecord } from './raw-values.ts';
import { parseRedisUrl, redisIdentity } from './redis-url.ts';

const { config: texts } = messages;

/**
 * Checks the names of connections and projects, and the rules across keys: a link names a known connection, is in one place
 * only, and is none of the bot's own queues; an entry of `onCall` and one of `labels` name a label of a project. Reads the raw file, so that it works while other keys have errors.
 */
export function crossCheck(file: unknown, { defaultUrl, keyPrefix }: CrossCheckOptions): KeyError[] {
  const { connections, policy, labels, defaults, projects } = toRecord(file);
  const connectionUrls = toRecord(connections);
  const linkOptions = { connections: { [defaultConnection]: defaultUrl, ...connectionUrls }, keyPrefix };
  return [
    ...Object.keys(connectionUrls).flatMap(connectionNameErrors),
    ...onCallErrors(toRecord(policy)['onCall'], toRecord(projects)),
    ...labelErrors(Object.keys(toRecord(labels)), toRecord(projects)),
    ...Object.keys(toRecord(projects)).flatMap(projectIdErrors),
    ...linkDefaultsErrors(['defaults'], defaults, linkOptions),
    ...Object.entries(toRecord(labels)).flatMap(([name, rules]) =>
      linkDefaultsErrors(['labels', name], rules, linkOptions),
    ),
    ...linkErrors(toRecord(projects), linkOptions),
  ];
}

export interface CrossCheckOptions {
  /** The Redis of the links that name no connection. */
  readonly defaultUrl: string;
  /** SYNCBOT_PREFIX. */
  readonly keyPrefix: string;
}

const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;

function connectionNameErrors(name: string): KeyError[] {
  const path = ['connections', name];
  if (name === defaultConnection) {
    return [{ path, message: texts.reservedConnectionName, hint: texts.chooseAnotherName }];
  }
  return namePattern.test(name) ? [] : [{ path, message: texts.invalidConnectionName, hint: texts.nameRules }];
}

function projectIdErrors(id: string): KeyError[] {
  const path = ['projects', id];
  if (projectIdSchema.safeParse(id).success) return [];
  return namePattern.test(id)
    ? [{ path, message: texts.reservedProjectId, hint: texts.chooseAnotherName }]
    : [{ path, message: texts.invalidProjectId, hint: texts.nameRules }];
}

interface LinkOptions {
  /** Name → URL. */
  readonly connections: Record<string, unknown>;
  readonly keyPrefix: string;
}

/** `link` of `defaults` or of a label. */
function linkDefaultsErrors(
  section: readonly PropertyKey[],
  rules: unknown,
  { connections, keyPrefix }: LinkOptions,
): KeyError[] {
  const link = toRecord(toRecord(rules)['link']);
  const path = [...section, 'link'];
  const { connection, prefix } = link;
  const isKnown = typeof connection !== 'string' || Object.hasOwn(connections, connection);
  return [
    ...(isKnown ? [] : [unknownConnectionError(path, connection, Object.keys(connections))]),
    ...(prefix === `{${keyPrefix}}` ? [reservedPrefixError(path)] : []),
  ];
}

function linkErrors(projects: Record<string, unknown>, { connections, keyPrefix }: LinkOptions): KeyError[] {
  const identities = new Map(Object.entries(connections).map(([name, url]) => [name, connectionIdentity(name, url)]));
  const projectOfLink = new Map<string, string>();
  const errors: KeyError[] = [];
  for (const [project, definition] of Object.entries(projects)) {
    for (const [index, raw] of toList(toRecord(definition)['links']).entries()) {
      const path = ['projects', project, 'links', index];
      const link = linkSchema.safeParse(raw).data;
      if (link === undefined) continue;
      if (link.prefix === `{${keyPrefix}}`) {
        errors.push(reservedPrefixError(path));
        continue;
      }
      const identity = identities.get(link.connection);
      if (identity === undefined) {
        errors.push(unknownConnectionError(path, link.connection, [...identities.keys()]));
        continue;
      }
      const key = JSON.stringify([identity, link.prefix, link.queue]);
      const otherProject = projectOfLink.get(key);
      if (otherProject === undefined) projectOfLink.set(key, project);
      else errors.push(duplicateLinkError(path, project, otherProject));
    }
  }
  return errors;
}

/** An entry for a label that no project has would never mention anybody. */
function onCallErrors(onCall: unknown, projects: Record<string, unknown>): KeyError[] {
  return toList(onCall).flatMap((rule, index) => {
    const label = z.string().safeParse(toRecord(rule)['label']).data;
    return label === undefined ? [] : unknownLabelErrors(label, ['policy', 'onCall', index, 'label'], projects);
  });
}

/** An entry for a label that no project has would have no effect. */
function labelErrors(names: readonly string[], projects: Record<string, unknown>): KeyError[] {
  return names.flatMap((name) => unknownLabelErrors(name, ['labels', name], projects));
}

function unknownLabelErrors(
  label: string,
  path: readonly PropertyKey[],
  projects: Record<string, unknown>,
): KeyError[] {
  const labels = new Set(Object.values(projects).flatMap((project) => toStrings(toRecord(project)['labels'])));
  if (labels.has(label)) return [];
  const similar = closestMatch(label, [...labels]);
  return [{ path, message: texts.unknownLabel, hint: similar === null ? hintFor(path) : texts.didYouMean(similar) }];
}

function toStrings(value: unknown): string[] {
  return toList(value).filter((item) => typeof item === 'string');
}

function reservedPrefixError(link: readonly PropertyKey[]): KeyError {
  const path = [...link, 'prefix'];
  return { path, message: texts.reservedPrefix, hint: hintFor(path) };
}

function duplicateLinkError(path: readonly PropertyKey[], project: string, otherProject: string): KeyError {
  return project === otherProject
    ? { path, message: texts.linkListedTwice, hint: texts.removeDuplicateLink }
    : { path, message: texts.linkInOtherProject(otherProject), hint: texts.removeLink };
}

function unknownConnectionError(path: readonly PropertyKey[], name: string, known: readonly string[]): KeyError {
  const similar = closestMatch(name, known);
  const hint = similar === null ? texts.connectionsAre(known) : texts.didYouMean(similar);
  return { path: [...path, 'connection'], message: texts.unknownConnection, hint };
}

/** Connections with the same identity hold the same queues. */
function connectionIdentity(name: string, url: unknown): string {
  const result = typeof url === 'string' ? parseRedisUrl(url.trim()) : null;
  return result?.kind === 'parsed' ? redisIdentity(result.endpoint) : `named ${name}`;
}
