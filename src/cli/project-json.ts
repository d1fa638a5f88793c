import { type LinkReading, linkLatencyMs, type ObservedProject } from '../domain/observation.ts';
import type { Operation } from '../domain/operation.ts';

/** A project as `--json` prints it. Times are epoch ms; a figure that could not be read is null. */
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
};
