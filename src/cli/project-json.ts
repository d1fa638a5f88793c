import type { Deps } from '../application/deps.ts';
import { type LinkReading, linkLatencyMs, type ObservedProject } from '../domain/observation.ts';
import { isOpen, type Operation } from '../domain/operation.ts';
import type { Project } from '../domain/project.ts';

/** A project as `--json` prints it (design 7). Times are epoch ms; a figure that could not be read is null. */
export function projectJson({ project, figures }: ObservedProject, operation: Operation | null) {
  const { id, state, since, by, reason } = project;
  const { latencyMs, backlog, observedAt } = figures;
  return {
    id,
    state,
    since,
    by,
    reason,
    latencyMs,
    backlog,
    observedAt,
    links: figures.links.map(linkJson),
    ...(operation === null ? {} : { operation: operationJson(operation) }),
  };
}

/** The operation that is open on a project now, or null. One whose dialog has run out is open no more. */
export async function openOperation(deps: Pick<Deps, 'store' | 'clock'>, project: Project): Promise<Operation | null> {
  if (project.holder !== null) {
    const holder = await deps.store.readOperation({ project: project.id, operation: project.holder });
    if (holder !== null && isOpen(holder)) return holder;
  }
  const now = deps.clock.now();
  const open = (await deps.store.openOperations(project.id)).filter(
    (operation) => isOpen(operation) && (operation.state !== 'requested' || operation.expiresAt > now),
  );
  const newest = open.sort((a, b) => b.requestedAt - a.requestedAt);
  return newest.find(({ state }) => state !== 'requested') ?? newest[0] ?? null;
}

function operationJson({ id, action, state, by, requestedAt }: Operation) {
  return { id, action, state, by, requestedAt };
}

function linkJson(reading: LinkReading) {
  const { queue, connection, prefix } = reading.link;
  if (reading.kind !== 'read') return { queue, connection, prefix, ...unknown };
  const { paused, waiting, prioritized, active, delayed, failed } = reading;
  const latencyMs = linkLatencyMs(reading);
  return { queue, connection, prefix, paused, waiting, prioritized, active, delayed, failed, latencyMs };
}

const unknown = {
  paused: null,
  waiting: null,
  prioritized: null,
  active: null,
  delayed: null,
  failed: null,
  latencyMs: null,
} as const;
