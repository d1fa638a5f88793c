import type { DesiredProject } from './diff-projects.ts';
import type { OtherSyncbot } from './installation.ts';
import { defaultConnection, type Link } from './link.ts';
import type { ConnectionInfo } from './precheck.ts';
import type { ApplyRefusalOf } from './refusal.ts';

/**
 * Finds links with the queue of an earlier link. syncbot.yml is checked by address; here the servers are compared, because two
 * addresses may lead to one server. A connection whose server is not known is a server of its own.
 */
export function findSharedQueues(
  projects: readonly DesiredProject[],
  connections: readonly ConnectionInfo[],
): ApplyRefusalOf<'queue_shared'>[] {
  const firstByQueue = new Map<string, { readonly project: string; readonly link: Link }>();
  return projects.flatMap(({ definition: { id: project, links } }) =>
    links.flatMap((link) => {
      const key = queueKey(link, connections);
      const other = firstByQueue.get(key);
      if (other !== undefined) return [{ code: 'queue_shared' as const, project, link, other }];
      firstByQueue.set(key, { project, link });
      return [];
    }),
  );
}

/** Finds links with the queue of a project that is not in the file and stays. */
export function findQueuesOfKept(
  projects: readonly Pick<DesiredProject, 'definition'>[],
  kept: readonly Pick<DesiredProject, 'definition'>[],
  connections: readonly ConnectionInfo[],
): ApplyRefusalOf<'queue_of_kept'>[] {
  const owners = new Map(
    kept.flatMap(({ definition: { id, links } }) => links.map((link) => [queueKey(link, connections), id] as const)),
  );
  return projects.flatMap(({ definition: { id: project, links } }) =>
    links.flatMap((link) => {
      const other = owners.get(queueKey(link, connections));
      return other === undefined ? [] : [{ code: 'queue_of_kept' as const, project, link, other }];
    }),
  );
}

/**
 * Finds links with the queue of a link of another syncbot. What the names of its connections lead to is not known, except for
 * its links in the Redis that has its records: the bot's own.
 */
export function findQueuesOfOthers(
  projects: readonly Pick<DesiredProject, 'definition'>[],
  others: readonly OtherSyncbot[],
  connections: readonly ConnectionInfo[],
): ApplyRefusalOf<'queue_of_other_syncbot'>[] {
  const owners = new Map<string, { readonly prefix: string; readonly project: string }>();
  for (const { prefix, projects: definitions } of others) {
    for (const { id: project, links } of definitions ?? []) {
      const known = links.filter(({ connection }) => connection === defaultConnection);
      for (const link of known) owners.set(queueKey(link, connections), { prefix, project });
    }
  }
  return projects.flatMap(({ definition: { id: project, links } }) =>
    links.flatMap((link) => {
      const other = owners.get(queueKey(link, connections));
      return other === undefined ? [] : [{ code: 'queue_of_other_syncbot' as const, project, link, other }];
    }),
  );
}

/** Equal for links with the same queue. */
function queueKey({ connection, prefix, queue }: Link, connections: readonly ConnectionInfo[]): string {
  return JSON.stringify([firstNameOf(connection, connections), prefix, queue]);
}

/** The first connection that leads to the same database as the connection `name`. */
function firstNameOf(name: string, connections: readonly ConnectionInfo[]): string {
  const connection = connections.find((each) => each.name === name);
  return connections.find((each) => connection !== undefined && isSameDatabase(each, connection))?.name ?? name;
}

function isSameDatabase(a: ConnectionInfo, b: ConnectionInfo): boolean {
  if (a.kind !== 'read' || b.kind !== 'read') return false;
  return a.database === b.database && a.runIds.some((id) => b.runIds.includes(id));
}
