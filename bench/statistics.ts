/** Several rounds in one figure: their median, and the lowest and the highest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export interface RoundCounts {
  /** Counted. */
  readonly rounds: number;
  /** Run first and not counted. */
  readonly warmUps: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: percentile(values, 0.5),
    low: sorted[0] ?? Number.NaN,
    high: sorted.at(-1) ?? Number.NaN,
    rounds: values.length,
  };
}

/** The value below which this part of the values lies; between two of them, in proportion. */
export function percentile(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * quantile;
  const [below, above] = [sorted[Math.floor(position)] ?? Number.NaN, sorted[Math.ceil(position)] ?? Number.NaN];
  return below + (above - below) * (position - Math.floor(position));
}

/** How many times the floor, pair by pair: both were measured next to each other, so a machine that drifts cancels out. */
export function ratioOf(subject: readonly number[], baseline: readonly number[]): Spread {
  return spreadOf(subject.map((value, index) => value / (baseline[index] ?? Number.NaN)));
}

/**
 * Runs the sides in turn, round by round, each second round in the opposite order: A B, B A, A B. Answers the samples of
 * each side, in the order of the rounds.
 */
export async function interleaved<Name extends string, Sample>(
  sides: Readonly<Record<Name, () => Promise<Sample>>>,
  { rounds, warmUps }: RoundCounts,
): Promise<Record<Name, Sample[]>> {
  const sideNames = Object.keys(sides) as Name[];
  const samplesByName = Object.fromEntries(sideNames.map((name): [Name, Sample[]] => [name, []])) as Record<
    Name,
    Sample[]
  >;
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const name of round % 2 === 0 ? sideNames : [...sideNames].reverse()) {
      const sample = await sides[name]();
      if (round >= warmUps) samplesByName[name].push(sample);
    }
  }
  return samplesByName;
}

/** How long it takes, ms. */
export async function measureMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
