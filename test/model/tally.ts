/** What has happened in all stories together. */
export interface Tally {
  stories: number;
  commands: number;
  /** By the state in which they ended. */
  readonly operations: Map<string, number>;
  /** Why people were refused, when they asked or when a worker took it up. */
  readonly refusals: Map<string, number>;
  /** Versions that projects went through. */
  transitions: number;
  kills: number;
  stops: number;
  cuts: number;
  /** Answers that people did not get, since Redis did not answer. */
  unknown: number;
  tasks: number;
  putBack: number;
}

export function emptyTally(): Tally {
  const none = {
    stories: 0,
    commands: 0,
    transitions: 0,
    kills: 0,
    stops: 0,
    cuts: 0,
    unknown: 0,
    tasks: 0,
    putBack: 0,
  };
  return { ...none, operations: new Map(), refusals: new Map() };
}

/** One line each. */
export function tallyText({ operations, refusals, ...counts }: Tally): string {
  const lines = Object.entries(counts).map(([name, count]) => `${name}: ${count}`);
  const all = [...operations.values()].reduce((sum, count) => sum + count, 0);
  return [
    ...lines,
    `operations: ${all} (${byName(operations)})`,
    `refused, at the request or at the claim: ${byName(refusals)}`,
  ].join('\n');
}

export function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function byName(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([one], [other]) => one.localeCompare(other));
  return sorted.map(([name, count]) => `${name} ${count}`).join(', ');
}
