import type { DiscoveredQueue } from '../application/discover.ts';
import { linkName } from '../domain/link.ts';
import { hasQueue, type LinkObservation } from '../domain/observation.ts';
import { checkBullmqVersion } from '../domain/precheck.ts';
import { messages } from '../messages/catalog.ts';
import { type Column, formatTable } from './table.ts';

const texts = messages.discover;

const titles = messages.columnTitles;
const columns: readonly Column[] = [
  { title: titles.link },
  { title: titles.bullmq, maxWidth: 20 },
  { title: titles.flag },
  { title: titles.workers, align: 'right' },
  { title: titles.waiting, align: 'right' },
  { title: titles.active, align: 'right' },
  { title: titles.delayed, align: 'right' },
  { title: titles.failed, align: 'right' },
  { title: titles.project },
];

/** A `?` is what could not be read. */
export function queueTable(queues: readonly DiscoveredQueue[]): string {
  const cell = (number: number | null) => (number === null ? '?' : messages.format.number(number));
  const rows = queues.map((queue) => {
    const { waiting, prioritized, active, delayed, failed } = numbersOf(queue);
    const { id, isProposed } = queue.project;
    return [
      linkName(queue.link),
      versionOf(queue) ?? '?',
      flagOf(queue.observation) ?? '?',
      cell(queue.workers),
      cell(waiting === null || prioritized === null ? null : waiting + prioritized),
      cell(active),
      cell(delayed),
      cell(failed),
      isProposed ? texts.proposedProject(id) : id,
    ];
  });
  return formatTable(columns, rows);
}

export function queueJson(queue: DiscoveredQueue) {
  const flag = flagOf(queue.observation);
  return {
    ...queue.link,
    bullmq: versionOf(queue),
    paused: flag === null ? null : flag === 'paused',
    workers: queue.workers,
    ...numbersOf(queue),
    project: queue.project.isProposed ? null : queue.project.id,
  };
}

const unknownNumbers = { waiting: null, prioritized: null, active: null, delayed: null, failed: null };

function numbersOf({ observation }: DiscoveredQueue) {
  if (observation.kind !== 'read') return unknownNumbers;
  const { waiting, prioritized, active, delayed, failed } = observation;
  return { waiting, prioritized, active, delayed, failed };
}

/** `6.7.0`. Null if it is not known. */
function versionOf({ observation }: DiscoveredQueue): string | null {
  return hasQueue(observation) ? (observation.bullmqVersion?.replace(/^bullmq:/, '') ?? null) : null;
}

/** What the operator must know about the queues before a project has them. */
export function queueWarnings(queues: readonly DiscoveredQueue[]): string[] {
  const namesOf = (matches: (queue: DiscoveredQueue) => boolean) =>
    queues.filter(matches).map(({ link }) => linkName(link));
  const old = namesOf(isOldBullmq);
  const withoutWorker = namesOf(({ workers }) => workers === 0);
  return [
    ...(old.length === 0 ? [] : [texts.bullmq4(old)]),
    ...(withoutWorker.length === 0 ? [] : [texts.noWorker(withoutWorker)]),
  ];
}

export function isOldBullmq({ observation }: DiscoveredQueue): boolean {
  return checkBullmqVersion(observation).result === 'fail';
}

export function flagOf(observation: LinkObservation): 'paused' | 'running' | null {
  if (!hasQueue(observation)) return null;
  return observation.paused ? 'paused' : 'running';
}
