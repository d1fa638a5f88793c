const unitsMs = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Parses `250ms`, `30s`, `5m`, `48h` or `90d` to milliseconds. Returns null if the text is not a duration. */
export function parseDuration(text: string): number | null {
  const [, amount, unit = ''] = /^(\d{1,7})([a-z]+)$/.exec(text.trim()) ?? [];
  const unitMs = unitsMs.get(unit);
  return unitMs === undefined ? null : Number(amount) * unitMs;
}
