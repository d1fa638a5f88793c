const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Reads `30s`, `5m`, `48h` or `90d` (also `250ms`) as milliseconds; null: it is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,7})(ms|s|m|h|d)$/.exec(text.trim());
  if (match === null) return null;
  const [, amount, unit] = match;
  return Number(amount) * units[unit as keyof typeof units];
}
