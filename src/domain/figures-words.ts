import type { Figures } from './observation.ts';
import { count, duration, number } from './words.ts';

/** A figure that could not be read is said to be unknown: 0 would be a guess. */
export function backlogPhrase({ backlog }: Figures): string {
  return backlog === null ? 'backlog unknown' : `backlog ${number(backlog)}`;
}

export function latencyPhrase({ latencyMs }: Figures): string {
  return latencyMs === null ? 'latency unknown' : `latency ${duration(latencyMs)}`;
}

export function inFlightPhrase({ inFlight }: Figures): string {
  return inFlight === null ? 'tasks in flight unknown' : `${count(inFlight, 'task')} in flight`;
}
