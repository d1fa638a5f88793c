/** The median of several rounds, with the lowest and the highest value. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export interface RoundCounts {
  /** Measured rounds. */
  readonly rounds: number;
  /** Rounds that run first and are not counted. */
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

/** `quantile` is from 0 to 1. Interpolates linearly between two values. */
export function percentile(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * quantile;
  const [below, above] = [sorted[Math.floor(position)] ?? Number.NaN, sorted[Math.ceil(position)] ?? Number.NaN];
  return below + (above - below) * (position - Math.floor(position));
}

/** Divides pair by pair: the two values of a pair were measured one after the other, so a drift of the machine cancels out. */
export function ratioOf(subject: readonly number[], baseline: readonly number[]): Spread {
  return spreadOf(subject.map((value, index) => value / (baseline[index] ?? Number.NaN)));
}

/**
 * Runs the sides in turn, and reverses their order in every second round: A B, B A, A B. Returns the samples of each side
 * in the order of the rounds.
 */
export async function interleaved<Name extends string, Sample>(
  sides: Readonly<Record<Name, () => Promise<Sample>>>,
  { rounds, warmUps }: RoundCounts,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(sides) as Name[];
  const samples = Object.fromEntries(names.map((name): [Name, Sample[]] => [name, []])) as Record<Name, Sample[]>;
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const sample = await sides[name]();
      if (round >= warmUps) samples[name].push(sample);
    }
  }
  return samples;
}

/** Returns how long the work takes. */
export async function measureMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
