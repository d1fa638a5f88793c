/** What has happened in all stories together. */
export interface Tally {
  stories: number;
  commands: number;
  /** By the state in which they ended. */
  readonly operations: Map<string, number>;
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
  return { ...none, operations: new Map() };
}

/** One line each. */
export function tallyText({ operations, ...counts }: Tally): string {
  const lines = Object.entries(counts).map(([name, count]) => `${name}: ${count}`);
  const ended = [...operations].sort().map(([state, count]) => `${state} ${count}`);
  const all = [...operations.values()].reduce((sum, count) => sum + count, 0);
  return [...lines, `operations: ${all} (${ended.join(', ')})`].join('\n');
}
