import type { ProjectStats } from './observation.ts';
import { formatDuration, formatNumber, pluralize } from './words.ts';

/** A figure that could not be read is said to be unknown: 0 would be a guess. */
export function formatBacklog({ backlog }: ProjectStats): string {
  return backlog === null ? 'backlog unknown' : `backlog ${formatNumber(backlog)}`;
}

export function formatLatency({ latencyMs }: ProjectStats): string {
  return latencyMs === null ? 'latency unknown' : `latency ${formatDuration(latencyMs)}`;
}

export function formatInFlight({ inFlight }: ProjectStats): string {
  return inFlight === null ? 'tasks in flight unknown' : `${pluralize(inFlight, 'task')} in flight`;
}
