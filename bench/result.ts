import { ratioOf, type Spread, spreadOf } from './measure.ts';

/** What a figure should be at most, and whether it is. */
export interface Aim {
  readonly of: 'ratio' | 'ours';
  readonly atMost: number;
  readonly met: boolean;
}

/** One figure of a benchmark. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: Spread;
  /** What it is compared with, from the same run; null: it stands alone. */
  readonly floor: Spread | null;
  /** Ours over the floor, pair by pair. */
  readonly ratio: Spread | null;
  readonly aim: Aim | null;
}

export interface Result {
  readonly letter: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** What was measured how, a sentence each. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

/** A benchmark: measures, and says what it has measured. */
export interface Benchmark {
  readonly title: string;
  readonly notes: readonly string[];
  measure(options: { readonly tiny: boolean }): Promise<readonly Row[]>;
}

export interface Samples {
  readonly name: string;
  readonly unit: string;
  readonly ours: readonly number[];
}

/** A figure that is compared with a floor; `atMost`: the aim of the ratio. */
export function compared(row: Samples & { readonly floor: readonly number[]; readonly atMost: number | null }): Row {
  const { name, unit, ours, floor, atMost } = row;
  const ratio = ratioOf(ours, floor);
  const aim = atMost === null ? null : ({ of: 'ratio', atMost, met: ratio.median <= atMost } as const);
  return { name, unit, ours: spreadOf(ours), floor: spreadOf(floor), ratio, aim };
}

/** A figure that stands alone; `atMost`: its own aim. */
export function alone(row: Samples & { readonly atMost?: number }): Row {
  const { name, unit, atMost } = row;
  const ours = spreadOf(row.ours);
  const aim = atMost === undefined ? null : ({ of: 'ours', atMost, met: ours.median <= atMost } as const);
  return { name, unit, ours, floor: null, ratio: null, aim };
}
