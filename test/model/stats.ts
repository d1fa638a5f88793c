/** What has happened in all stories together. */
export interface ModelStats {
  runs: number;
  commands: number;
  /** By the state in which they ended. */
  readonly operations: Map<string, number>;
  /** Why people were refused, when they asked or when a worker took it up. */
  readonly refusals: Map<string, number>;
  /** Versions that projects went through. */
  transitions: number;
  kills: number;
  suspensions: number;
  connectionCuts: number;
  /** Answers that people did not get, since Redis did not answer. */
  unknownResults: number;
  tasks: number;
  retriedTasks: number;
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
  };
  return { ...zeros, operations: new Map(), refusals: new Map() };
}

/** One line each. */
export function formatStats({ operations, refusals, ...counts }: ModelStats): string {
  const lines = Object.entries(counts).map(([name, count]) => `${name}: ${count}`);
  const total = [...operations.values()].reduce((sum, count) => sum + count, 0);
  return [
    ...lines,
    `operations: ${total} (${formatCounts(operations)})`,
    `refused, at the request or at the claim: ${formatCounts(refusals)}`,
  ].join('\n');
}

export function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function formatCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ');
}
