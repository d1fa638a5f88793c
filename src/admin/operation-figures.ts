import { Counter, Histogram, type Registry } from 'prom-client';
import type { ProjectStore } from '../application/store.ts';
import { isOpen, type Operation, type OperationRef, operationStates } from '../domain/operation.ts';
import { type Deed, deeds } from '../domain/project.ts';

/** How an operation can end. */
const outcomes = operationStates.filter((state) => !isOpen({ state }));

/** From the request to the press; from OK to a worker; from there to the end; from the end to people. */
const steps = ['answer', 'claim', 'work', 'tell'] as const;

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** So many entries of the history are read for the dialogs that a request superseded: they stand right before its own. */
const supersededAtMost = 50;
/** Ends that this process may be about to tell. */
const endsKept = 10_000;

/**
 * Counts operations at the store: each end once, by the process whose call made it. A call whose reply was lost is not
 * counted. What has to be read for a figure is read aside: no caller waits for it.
 */
export function createOperationFigures(registry: Registry): (store: ProjectStore) => ProjectStore {
  const { ended, took, lasted } = instruments(registry);
  const untold = new Map<string, number>();

  function count({ action, state }: Operation): void {
    ended.inc({ action, outcome: state });
  }

  async function countSuperseded(store: ProjectStore, { project, id }: Operation): Promise<void> {
    const entries = await store.history(project, { limit: supersededAtMost });
    const requested = entries.findIndex(({ event, operation }) => event === 'requested' && operation === id);
    if (requested === -1) return;
    for (const { event, action } of entries.slice(requested + 1)) {
      if (event !== 'superseded') return;
      if (action !== null) ended.inc({ action, outcome: 'superseded' });
    }
  }

  async function countTold(store: ProjectStore, ref: OperationRef): Promise<void> {
    const operation = await store.readOperation(ref);
    if (operation === null || operation.toldAt === null || !untold.delete(ref.operation)) return;
    observe('tell', operation.action, operation.finishedAt, operation.toldAt);
  }

  function observe(step: (typeof steps)[number], action: Deed, from: number | null, to: number | null): void {
    if (from !== null && to !== null) took.observe({ step, action }, seconds(from, to));
  }

  return (store) => ({
    ...store,
    async request(asked) {
      const recorded = await store.request(asked);
      if (recorded.kind === 'requested') aside(countSuperseded(store, recorded.operation));
      return recorded;
    },
    async settle(step) {
      const settled = await store.settle(step);
      if (settled.kind !== 'settled') return settled;
      const { action, state, requestedAt, settledAt } = settled.operation;
      if (!isOpen(settled.operation)) count(settled.operation);
      if (state !== 'expired') observe('answer', action, requestedAt, settledAt);
      return settled;
    },
    async claim(ref, run) {
      const claimed = await store.claim(ref, run);
      if (claimed.kind === 'refused') count(claimed.operation);
      return claimed;
    },
    async commit(ending) {
      const committed = await store.commit(ending);
      if (committed.kind !== 'committed') return committed;
      const { action, state, settledAt, startedAt, finishedAt } = committed.operation;
      count(committed.operation);
      observe('claim', action, settledAt, startedAt);
      observe('work', action, startedAt, finishedAt);
      if (settledAt !== null && finishedAt !== null) {
        lasted.observe({ action, outcome: state }, seconds(settledAt, finishedAt));
      }
      return committed;
    },
    async readOperation(ref) {
      const operation = await store.readOperation(ref);
      if (operation === null || operation.finishedAt === null || operation.toldAt !== null) return operation;
      if (untold.size >= endsKept) untold.clear();
      untold.set(ref.operation, operation.finishedAt);
      return operation;
    },
    async told(ref, told) {
      await store.told(ref, told);
      if (untold.has(ref.operation)) aside(countTold(store, ref));
    },
  });
}

function instruments(registry: Registry) {
  const ended = new Counter({
    name: 'syncbot_operations_total',
    help: 'Operations that this process brought to their end, by how they ended.',
    labelNames: ['action', 'outcome'],
    registers: [registry],
  });
  const took = new Histogram({
    name: 'syncbot_operation_step_seconds',
    help: 'Time of a step: answer (asked to OK or Cancel), claim (OK to a worker), work (to the end), tell (to people).',
    labelNames: ['step', 'action'],
    buckets,
    registers: [registry],
  });
  const lasted = new Histogram({
    name: 'syncbot_operation_duration_seconds',
    help: 'Time from OK to the end of an operation that a worker carried out.',
    labelNames: ['action', 'outcome'],
    buckets,
    registers: [registry],
  });
  // What has not happened yet is 0: a rate sees the first one.
  for (const action of deeds) for (const outcome of outcomes) ended.inc({ action, outcome }, 0);
  return { ended, took, lasted };
}

/** Both ends are ms of the bot's Redis server. */
function seconds(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}

/** A figure that cannot be read is left out. */
function aside(work: Promise<void>): void {
  work.catch(() => {});
}
