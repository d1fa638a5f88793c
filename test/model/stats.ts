/** Totals of all runs. */
export interface ModelStats {
  runs: number;
  commands: number;
  /** By their last state. */
  readonly operations: Map<string, number>;
  /** Operations that were done, by their kind. */
  readonly done: Map<string, number>;
  /** Batches, by their action and state. */
  readonly batches: Map<string, number>;
  /** Restores of the timer by their state, and changes of the end of a pause by people. */
  readonly pauseEnds: Map<string, number>;
  /** How pauses that waited until their project had caught up went on. */
  readonly waits: Map<string, number>;
  /** By the code of the refusal, at the request or at the claim. */
  readonly refusals: Map<string, number>;
  /** How often each fault happened. */
  readonly faults: Map<string, number>;
  /** Changes of a project's version. */
  transitions: number;
  kills: number;
  suspensions: number;
  connectionCuts: number;
  /** Requests and presses without a result, because Redis did not answer. */
  unknownResults: number;
  tasks: number;
  retriedTasks: number;
  /** Failed tasks that BullMQ has removed. */
  removedTasks: number;
}

export function emptyStats(): ModelStats {
  const zeros = {
    runs: 0,
    commands: 0,
    transitions: 0,
    kills: 0,
    suspensions: 0,
    connectionCuts: 0,
    unknownResults: 0,
    tasks: 0,
    retriedTasks: 0,
    removedTasks: 0,
  };
  return {
    ...zeros,
    operations: new Map(),
    done: new Map(),
    batches: new Map(),
    pauseEnds: new Map(),
    waits: new Map(),
    refusals: new Map(),
    faults: new Map(),
  };
}

export function formatStats(stats: ModelStats): string {
  const { operations, done, batches, pauseEnds, waits, refusals, faults, ...counts } = stats;
  const lines = Object.entries(counts).map(([name, count]) => `${name}: ${count}`);
  const total = [...operations.values()].reduce((sum, count) => sum + count, 0);
  return [
    ...lines,
    `operations: ${total} (${formatCounts(operations)})`,
    `done: ${formatCounts(done)}`,
    `batches: ${formatCounts(batches)}`,
    `ends of pauses: ${formatCounts(pauseEnds)}`,
    `pauses that waited: ${formatCounts(waits)}`,
    `refusals, at the request or at the claim: ${formatCounts(refusals)}`,
    `faults: ${formatCounts(faults)}`,
  ].join('\n');
}

export function increment(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

function formatCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ');
}
