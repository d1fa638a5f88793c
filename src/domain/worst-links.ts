import { type LinkObservation, linkLatencyMs } from './observation.ts';

/** More than any latency in ms, so that one failure outweighs it. */
const failureWeight = 1e12;

/**
 * The links in the order in which people need them: first those that do not answer, then those without a queue, then
 * unreadable ones, then those with the most failed tasks, then those with the highest latency. Equal ones keep their order.
 */
export function worstLinksFirst(links: readonly LinkObservation[]): LinkObservation[] {
  return [...links].sort((a, b) => severity(b) - severity(a));
}

/** Whether a link does not answer, has no queue, cannot be read, or has failed tasks. */
export function hasProblem(links: readonly LinkObservation[]): boolean {
  return links.some((observation) => observation.kind !== 'read' || observation.failuresAfterWatermark > 0);
}

function severity(observation: LinkObservation): number {
  switch (observation.kind) {
    case 'unreachable':
      return Number.MAX_VALUE;
    case 'missing':
      return Number.MAX_VALUE / 2;
    case 'unreadable':
      return Number.MAX_VALUE / 4;
    case 'read':
      return observation.failuresAfterWatermark * failureWeight + linkLatencyMs(observation);
  }
}
