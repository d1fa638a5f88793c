import { ratioOf, type Spread, spreadOf } from './statistics.ts';

/** What a figure should be at most, and whether it is. */
export interface Target {
  readonly appliesTo: 'ratio' | 'subject';
  readonly atMost: number;
  readonly met: boolean;
}

/** One figure of a benchmark. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly subject: Spread;
  /** What it is compared with, from the same run; null: it stands alone. */
  readonly baseline: Spread | null;
  /** Ours over the floor, pair by pair. */
  readonly ratio: Spread | null;
  readonly target: Target | null;
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
  readonly subject: readonly number[];
}

/** A figure that is compared with a floor; `atMost`: the aim of the ratio. */
export function compareRow(
  row: Samples & { readonly baseline: readonly number[]; readonly atMost: number | null },
): Row {
  const { name, unit, subject, baseline, atMost } = row;
  const ratio = ratioOf(subject, baseline);
  const target = atMost === null ? null : ({ appliesTo: 'ratio', atMost, met: ratio.median <= atMost } as const);
  return { name, unit, subject: spreadOf(subject), baseline: spreadOf(baseline), ratio, target };
}

/** A figure that stands alone; `atMost`: its own aim. */
export function singleRow(row: Samples & { readonly atMost?: number }): Row {
  const { name, unit, atMost } = row;
  const subject = spreadOf(row.subject);
  const target =
    atMost === undefined ? null : ({ appliesTo: 'subject', atMost, met: subject.median <= atMost } as const);
  return { name, unit, subject, baseline: null, ratio: null, target };
}
