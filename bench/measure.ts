/** Several rounds in one figure: their median, and the lowest and the highest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

export interface Rounds {
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
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)] ?? Number.NaN, sorted[Math.ceil(at)] ?? Number.NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/** How many times the floor, pair by pair: both were measured next to each other, so a machine that drifts cancels out. */
export function ratioOf(ours: readonly number[], floor: readonly number[]): Spread {
  return spreadOf(ours.map((value, index) => value / (floor[index] ?? Number.NaN)));
}

/**
 * Runs the sides in turn, round by round, each second round in the opposite order: A B, B A, A B. Answers the samples of
 * each side, in the order of the rounds.
 */
export async function interleaved<Name extends string, Sample>(
  sides: Readonly<Record<Name, () => Promise<Sample>>>,
  { rounds, warmUps }: Rounds,
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

/** How long it takes, ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
