/** The most similar candidate, or null. One letter may differ, or a third of the candidate's letters, but at most five. */
export function closestMatch(word: string, candidates: readonly string[]): string | null {
  return closestMatches(word, candidates, 1)[0] ?? null;
}

/** Like `closestMatch`: at most `max` candidates, the most similar first, equally similar ones in their order. */
export function closestMatches(word: string, candidates: readonly string[], max: number): string[] {
  return findClosest(word, candidates, max).matches;
}

const maxComparedLength = 63;
const maxDistance = 5;

/** More than any distance. A small integer, so that the rows stay arrays of small integers. */
const tooFar = 1_000_000;

/** Like `closestMatches`. `steps` counts how many pairs of letters were compared: at most 693 for each candidate. */
export function findClosest(
  word: string,
  candidates: readonly string[],
  max: number,
): { readonly matches: string[]; readonly steps: number } {
  const lowered = word.slice(0, maxComparedLength).toLowerCase();
  const rows: Rows = [[], [], []];
  const found: { readonly candidate: string; readonly distance: number }[] = [];
  let steps = 0;
  for (const candidate of candidates) {
    const farthest = found.length < max ? tooFar : (found.at(-1)?.distance ?? tooFar);
    const limit = Math.min(maxDistance, Math.max(1, Math.floor(candidate.length / 3)), farthest - 1);
    const compared = editDistance(lowered, candidate.slice(0, maxComparedLength).toLowerCase(), { limit, rows });
    steps += compared.steps;
    if (compared.distance > limit) continue;
    found.push({ candidate, distance: compared.distance });
    found.sort((a, b) => a.distance - b.distance);
    found.splice(max);
  }
  return { matches: found.map(({ candidate }) => candidate), steps };
}

/** Reused for all candidates: new arrays would take most of the time. */
type Rows = [number[], number[], number[]];

/**
 * Optimal string alignment: insertions, deletions, replacements and swapped neighbours count one each. Returns `tooFar` if the
 * distance is more than `limit`. Compares only letters whose positions differ by at most `limit`, and marks the cells beside
 * them as too far.
 */
function editDistance(
  a: string,
  b: string,
  { limit, rows }: { readonly limit: number; readonly rows: Rows },
): { readonly distance: number; readonly steps: number } {
  let [beforeLast, last, row] = rows;
  let steps = 0;
  if (Math.abs(a.length - b.length) > limit) return { distance: tooFar, steps };
  for (let j = 0; j <= limit; j++) last[j] = j;
  last[limit + 1] = tooFar;
  let lastMinimum = 0;
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit);
    const to = Math.min(b.length, i + limit);
    row[from - 1] = from === 1 ? i : tooFar;
    row[to + 1] = tooFar;
    let minimum = row[from - 1] ?? tooFar;
    for (let j = from; j <= to; j++) {
      steps += 1;
      const replace = (last[j - 1] ?? tooFar) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[j] ?? tooFar) + 1, (row[j - 1] ?? tooFar) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? tooFar) + 1);
      }
      row[j] = cost;
      minimum = Math.min(minimum, cost);
    }
    // A swap of neighbours continues from the row before the last.
    if (minimum > limit && lastMinimum > limit) return { distance: tooFar, steps };
    lastMinimum = minimum;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return { distance: last[b.length] ?? tooFar, steps };
}
