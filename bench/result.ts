import { ratioOf, type Spread, spreadOf } from './statistics.ts';

/** The upper limit of a number, and whether its median is within it. */
export interface Target {
  readonly appliesTo: 'ratio' | 'subject';
  readonly atMost: number;
  readonly met: boolean;
}

/** One measured number of a benchmark. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  /** What syncbot takes. */
  readonly subject: Spread;
  /** What the least possible work takes, measured in the same run. Null if the number has no baseline. */
  readonly baseline: Spread | null;
  /** Subject divided by baseline, pair by pair. */
  readonly ratio: Spread | null;
  readonly target: Target | null;
}

export interface Result {
  readonly letter: string;
  readonly title: string;
  readonly rows: readonly Row[];
  /** Paragraphs that describe what was measured and how. */
  readonly notes: readonly string[];
  readonly seconds: number;
}

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

/** A row with a baseline. `atMost` is the target of the ratio, or null. */
export function compareRow(
  row: Samples & { readonly baseline: readonly number[]; readonly atMost: number | null },
): Row {
  const { name, unit, subject, baseline, atMost } = row;
  const ratio = ratioOf(subject, baseline);
  const target = atMost === null ? null : ({ appliesTo: 'ratio', atMost, met: ratio.median <= atMost } as const);
  return { name, unit, subject: spreadOf(subject), baseline: spreadOf(baseline), ratio, target };
}

/** A row without a baseline. `atMost` is the target of the number itself. */
export function singleRow(row: Samples & { readonly atMost?: number }): Row {
  const { name, unit, atMost } = row;
  const subject = spreadOf(row.subject);
  const met = atMost !== undefined && subject.median <= atMost;
  const target = atMost === undefined ? null : ({ appliesTo: 'subject', atMost, met } as const);
  return { name, unit, subject, baseline: null, ratio: null, target };
}
