const bars = ['▁', '▂', '▃', '▅', '▇'] as const;
/** As wide as a bar in most fonts. It cannot be taken for a low value. */
export const gap = '░';

/** A line of bars, the highest value as the highest bar. 0 is the lowest bar, and null is a gap. */
export function sparkline(values: readonly (number | null)[]): string {
  const max = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return gap;
      // Only 0 is the lowest bar, so that a small backlog is seen.
      const level = value <= 0 ? 0 : Math.ceil((value / max) * (bars.length - 1));
      return bars[level] ?? gap;
    })
    .join('');
}
