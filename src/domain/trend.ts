import type { ObservedProject } from './observation.ts';
import type { ProjectId } from './project.ts';

/** What the observer found of a project, once a minute. */
export interface TrendSample {
  /** The begin of the minute, epoch ms of the bot's Redis server. */
  readonly at: number;
  readonly backlog: number;
  readonly latencyMs: number;
}

export interface ProjectSample extends TrendSample {
  readonly project: ProjectId;
}

export const sampleIntervalMs = 60_000;
/** How many samples of a project are kept: those of the last hour. */
export const maxSamples = 60;

/** The begin of the minute, epoch ms. */
export function minuteOf(at: number): number {
  return at - (at % sampleIntervalMs);
}

/** The samples of a minute. A project whose links could not all be read has none. */
export function toSamples(observed: readonly ObservedProject[], minute: number): ProjectSample[] {
  return observed.flatMap(({ project, stats: { backlog, latencyMs } }) =>
    backlog === null || latencyMs === null ? [] : [{ project: project.id, at: minute, backlog, latencyMs }],
  );
}

/** A part of the hour in the trend: a phone has one line for 20 of them. */
const cellMs = 3 * sampleIntervalMs;
const cellCount = (maxSamples * sampleIntervalMs) / cellMs;

export type TrendStat = 'backlog' | 'latencyMs';

/** How one stat of a project developed in the last hour. */
export interface Trend {
  /**
   * The highest value of each three minutes, the oldest first. Null if the project was not observed then, or if a link could
   * not be read. The cells of the first and the last sample have the values of `first` and `last`, which a text shows beside.
   */
  readonly cells: readonly (number | null)[];
  readonly first: { readonly at: number; readonly value: number };
  readonly last: { readonly at: number; readonly value: number };
}

/** Returns null if the samples fill only one cell. `now` is epoch ms of the bot's Redis server. */
export function trendOf(samples: readonly TrendSample[], stat: TrendStat, now: number): Trend | null {
  const end = minuteOf(now) + sampleIntervalMs;
  const begin = end - cellCount * cellMs;
  const shown = samples.filter(({ at }) => at >= begin && at < end).sort((a, b) => a.at - b.at);
  const [first] = shown;
  const last = shown.at(-1);
  const cellOf = ({ at }: TrendSample) => Math.floor((at - begin) / cellMs);
  if (first === undefined || last === undefined || cellOf(first) === cellOf(last)) return null;
  const cells = Array.from({ length: cellCount }, (_cell, index): number | null => {
    if (index === cellOf(first)) return first[stat];
    if (index === cellOf(last)) return last[stat];
    const values = shown.filter((sample) => cellOf(sample) === index).map((sample) => sample[stat]);
    return values.length === 0 ? null : Math.max(...values);
  });
  return {
    cells: cells.slice(cellOf(first)),
    first: { at: first.at, value: first[stat] },
    last: { at: last.at, value: last[stat] },
  };
}

export type Direction = 'rising' | 'falling' | 'steady';

/** A stat is compared with its oldest sample of the last ten minutes. */
const directionWindowMs = 10 * sampleIntervalMs;
/** A change of less than this part counts as none. */
const tolerance = 0.05;

/** Where a stat is going: `value` is that of now. Returns null if there is no sample of the last ten minutes. */
export function directionOf(
  samples: readonly TrendSample[],
  stat: TrendStat,
  { value, now }: { readonly value: number; readonly now: number },
): Direction | null {
  const recent = samples.filter(({ at }) => at <= now && now - at <= directionWindowMs);
  const [oldest] = recent.sort((a, b) => a.at - b.at);
  if (oldest === undefined) return null;
  const before = oldest[stat];
  if (Math.abs(value - before) <= tolerance * Math.max(value, before)) return 'steady';
  return value > before ? 'rising' : 'falling';
}
