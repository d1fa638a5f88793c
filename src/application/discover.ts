import type { ConnectionFault } from '../domain/connection-fault.ts';
import { type Link, linkId, linkName, noWatermark } from '../domain/link.ts';
import type { LinkObservation } from '../domain/observation.ts';
import type { ProjectId } from '../domain/project.ts';
import { type ProposedProject, proposeProjects } from '../domain/propose-projects.ts';
import type { UseCaseContext } from './context.ts';
import type { FindQueuesOptions, FoundQueues } from './ports.ts';

export interface DiscoverRequest extends FindQueuesOptions {
  readonly connection: string;
  /** The projects that exist, by the id of each of their links. */
  readonly projectsByLink: ReadonlyMap<string, ProjectId>;
  readonly projectIds: readonly ProjectId[];
}

export interface DiscoveredQueue {
  readonly link: Link;
  readonly observation: LinkObservation;
  /** Null if the server does not list its clients. */
  readonly workers: number | null;
  readonly project: { readonly id: ProjectId; readonly isProposed: boolean };
}

export type DiscoverResult =
  | {
      readonly kind: 'discovered';
      /** By name. */
      readonly queues: readonly DiscoveredQueue[];
      /** Projects for the queues that no project has. */
      readonly proposed: readonly ProposedProject[];
      readonly scan: Omit<Extract<FoundQueues, { kind: 'found' }>, 'kind' | 'links'>;
    }
  | { readonly kind: 'unreachable'; readonly fault: ConnectionFault };

/** Finds the queues on a connection, observes each once, and proposes projects for those that no project has. Reads only. */
export async function discoverQueues(
  { links: gateway }: Pick<UseCaseContext, 'links'>,
  { connection, projectsByLink, projectIds, ...options }: DiscoverRequest,
): Promise<DiscoverResult> {
  const found = await gateway.findQueues(connection, options);
  if (found.kind === 'unreachable') return found;
  const { kind: _found, links: foundLinks, ...scan } = found;
  const links = foundLinks.toSorted((a, b) => linkName(a).localeCompare(linkName(b), 'en'));
  const [observations, workerCounts] = await Promise.all([
    gateway.observe(links.map((link) => ({ link, watermark: noWatermark }))),
    gateway.countWorkers(links),
  ]);
  const proposed = proposeProjects(
    links.filter((link) => !projectsByLink.has(linkId(link))),
    projectIds,
  );
  const projects = new Map<string, DiscoveredQueue['project']>([
    ...[...projectsByLink].map(([link, id]) => [link, { id, isProposed: false }] as const),
    ...proposed.flatMap(({ id, links: own }) => own.map((link) => [linkId(link), { id, isProposed: true }] as const)),
  ]);
  const queues = observations.flatMap((observation, index) => {
    const project = projects.get(linkId(observation.link));
    return project === undefined
      ? []
      : [{ link: observation.link, observation, workers: workerCounts[index] ?? null, project }];
  });
  return { kind: 'discovered', queues, proposed, scan };
}
