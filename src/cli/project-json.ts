import { type LinkObservation, linkLatencyMs, type ObservedProject } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';

/** A project as `--json` prints it. Times are epoch ms; a figure that could not be read is null. */
export function projectJson({ project, stats }: ObservedProject, operation: Operation | null) {
  const { id, state, since, by, reason } = project;
  const { latencyMs, backlog, observedAt } = stats;
  return {
    id,
    state,
    since,
    by,
    reason,
    latencyMs,
    backlog,
    observedAt,
    links: stats.links.map(linkJson),
    ...(operation === null ? {} : { operation: operationJson(operation) }),
  };
}

function operationJson({ id, action, state, by, requestedAt }: Operation) {
  return { id, action, state, by, requestedAt };
}

function linkJson(observation: LinkObservation) {
  const { queue, connection, prefix } = observation.link;
  if (observation.kind !== 'read') return { queue, connection, prefix, ...unknownStats };
  const { paused, waiting, prioritized, active, delayed, failed } = observation;
  const latencyMs = linkLatencyMs(observation);
  return { queue, connection, prefix, paused, waiting, prioritized, active, delayed, failed, latencyMs };
}

const unknownStats = {
  paused: null,
  waiting: null,
  prioritized: null,
  active: null,
  delayed: null,
  failed: null,
  latencyMs: null,
};
