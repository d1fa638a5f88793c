import { z } from 'zod';
import { defaultConnection, projectIdSchema } from '../domain/project.ts';
import { closest } from '../domain/similar.ts';
import { parseRedisUrl, redisIdentity } from '../redis-address.ts';
import { linkSchema } from './schema.ts';

/** A fault whose line is not known yet. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly hint: string | null;
}

const anything = z.record(z.string(), z.unknown());
const connectionNamePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const idHint = 'Use 1 to 63 of a-z, 0-9, "-" and "_", and begin with a letter or a digit.';

/**
 * What no key tells by itself: names, connections that exist, a link in two places. Reads the raw file, so that it finds
 * all of it even where something else is wrong. `defaultUrl` is where links live that name no connection.
 */
export function crossCheck(file: unknown, defaultUrl: string): Finding[] {
  const parsed = anything.safeParse(file);
  if (!parsed.success) return [];
  const connections = recordOf(parsed.data['connections']);
  const projects = recordOf(parsed.data['projects']);
  return [
    ...Object.keys(connections).flatMap(connectionName),
    ...Object.keys(projects).flatMap(projectId),
    ...linkFindings(projects, { [defaultConnection]: defaultUrl, ...connections }),
  ];
}

function connectionName(name: string): Finding[] {
  const path = ['connections', name];
  if (name === defaultConnection) {
    return [{ path, message: 'is a reserved name: it stands for REDIS_URL', hint: 'Choose another name.' }];
  }
  return connectionNamePattern.test(name) ? [] : [{ path, message: 'is no name for a connection', hint: idHint }];
}

function projectId(id: string): Finding[] {
  const parsed = projectIdSchema.safeParse(id);
  if (parsed.success) return [];
  const reserved = connectionNamePattern.test(id);
  const message = reserved ? 'is a word of the /sync command' : 'is no id for a project';
  return [{ path: ['projects', id], message, hint: reserved ? 'Choose another id.' : idHint }];
}

function linkFindings(projects: Record<string, unknown>, connections: Record<string, unknown>): Finding[] {
  const places = new Map(Object.entries(connections).map(([name, url]) => [name, placeOf(name, url)]));
  const firstUse = new Map<string, { readonly project: string }>();
  const findings: Finding[] = [];
  for (const [project, definition] of Object.entries(projects)) {
    const links = z.array(z.unknown()).safeParse(recordOf(definition)['links']);
    for (const [index, raw] of (links.data ?? []).entries()) {
      const path = ['projects', project, 'links', index];
      const link = linkSchema.safeParse(raw).data;
      if (link === undefined) continue;
      const place = places.get(link.connection);
      if (place === undefined) {
        findings.push(unknownConnection(path, link.connection, [...places.keys()]));
        continue;
      }
      const key = JSON.stringify([place, link.prefix, link.queue]);
      const used = firstUse.get(key);
      if (used === undefined) firstUse.set(key, { project });
      else findings.push(usedTwice(path, project, used.project));
    }
  }
  return findings;
}

function usedTwice(path: readonly PropertyKey[], project: string, first: string): Finding {
  const message = project === first ? 'is listed twice in this project' : `is a link of the project ${first} already`;
  return { path, message, hint: 'A link belongs to exactly one project: remove it from one.' };
}

function unknownConnection(path: readonly PropertyKey[], name: string, known: readonly string[]): Finding {
  const similar = closest(name, known);
  const hint = similar === null ? `The connections are: ${known.join(', ')}.` : `Did you mean ${similar}?`;
  return { path: [...path, 'connection'], message: 'names a connection that is not in connections', hint };
}

/** Where a connection leads; two names with the same address lead to the same queues. */
function placeOf(name: string, url: unknown): string {
  const read = typeof url === 'string' ? parseRedisUrl(url.trim()) : null;
  return read?.kind === 'parsed' ? redisIdentity(read.target) : `named ${name}`;
}

function recordOf(value: unknown): Record<string, unknown> {
  return anything.safeParse(value).data ?? {};
}
