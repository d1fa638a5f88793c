import { z } from 'zod';
import { defaultConnection } from '../domain/link.ts';
import { projectIdSchema } from '../domain/project.ts';
import { closestMatch } from '../lib/closest-match.ts';
import { parseRedisUrl, redisIdentity } from './redis-url.ts';
import { linkSchema } from './schema.ts';

/** A fault whose line is not known yet. */
export interface CrossCheckError {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint: string | null;
}

const anyRecord = z.record(z.string(), z.unknown());
const connectionNamePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const idHint = 'Use 1 to 63 of a-z, 0-9, "-" and "_", and begin with a letter or a digit.';

/**
 * What no key tells by itself: names, connections that exist, a link in two places. Reads the raw file, so that it finds
 * all of it even where something else is wrong. `defaultUrl` is where links live that name no connection.
 */
export function crossCheck(file: unknown, defaultUrl: string): CrossCheckError[] {
  const parsed = anyRecord.safeParse(file);
  if (!parsed.success) return [];
  const connections = toRecord(parsed.data['connections']);
  const projects = toRecord(parsed.data['projects']);
  return [
    ...Object.keys(connections).flatMap(findConnectionNameErrors),
    ...Object.keys(projects).flatMap(findProjectIdErrors),
    ...findLinkErrors(projects, { [defaultConnection]: defaultUrl, ...connections }),
  ];
}

function findConnectionNameErrors(name: string): CrossCheckError[] {
  const path = ['connections', name];
  if (name === defaultConnection) {
    return [{ path, message: 'is a reserved name: it stands for REDIS_URL', hint: 'Choose another name.' }];
  }
  return connectionNamePattern.test(name) ? [] : [{ path, message: 'is no name for a connection', hint: idHint }];
}

function findProjectIdErrors(id: string): CrossCheckError[] {
  const parsed = projectIdSchema.safeParse(id);
  if (parsed.success) return [];
  const isReserved = connectionNamePattern.test(id);
  const message = isReserved ? 'is a word of the /sync command' : 'is no id for a project';
  return [{ path: ['projects', id], message, hint: isReserved ? 'Choose another id.' : idHint }];
}

function findLinkErrors(projects: Record<string, unknown>, connections: Record<string, unknown>): CrossCheckError[] {
  const identities = new Map(Object.entries(connections).map(([name, url]) => [name, connectionIdentity(name, url)]));
  const firstUseByLink = new Map<string, { readonly project: string }>();
  const errors: CrossCheckError[] = [];
  for (const [project, definition] of Object.entries(projects)) {
    const links = z.array(z.unknown()).safeParse(toRecord(definition)['links']);
    for (const [index, raw] of (links.data ?? []).entries()) {
      const path = ['projects', project, 'links', index];
      const link = linkSchema.safeParse(raw).data;
      if (link === undefined) continue;
      const identity = identities.get(link.connection);
      if (identity === undefined) {
        errors.push(unknownConnectionError(path, link.connection, [...identities.keys()]));
        continue;
      }
      const key = JSON.stringify([identity, link.prefix, link.queue]);
      const firstUse = firstUseByLink.get(key);
      if (firstUse === undefined) firstUseByLink.set(key, { project });
      else errors.push(duplicateLinkError(path, project, firstUse.project));
    }
  }
  return errors;
}

function duplicateLinkError(path: readonly PropertyKey[], project: string, firstProject: string): CrossCheckError {
  const message =
    project === firstProject ? 'is listed twice in this project' : `is a link of the project ${firstProject} already`;
  return { path, message, hint: 'A link belongs to exactly one project: remove it from one.' };
}

function unknownConnectionError(
  path: readonly PropertyKey[],
  name: string,
  connectionNames: readonly string[],
): CrossCheckError {
  const similar = closestMatch(name, connectionNames);
  const hint = similar === null ? `The connections are: ${connectionNames.join(', ')}.` : `Did you mean ${similar}?`;
  return { path: [...path, 'connection'], message: 'names a connection that is not in connections', hint };
}

/** Where a connection leads; two names with the same address lead to the same queues. */
function connectionIdentity(name: string, url: unknown): string {
  const result = typeof url === 'string' ? parseRedisUrl(url.trim()) : null;
  return result?.kind === 'parsed' ? redisIdentity(result.endpoint) : `named ${name}`;
}

function toRecord(value: unknown): Record<string, unknown> {
  return anyRecord.safeParse(value).data ?? {};
}
