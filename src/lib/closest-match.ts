/** The most similar candidate, or null. One letter may differ, or a third of the candidate's letters, but at most five. */
export function closestMatch(word: string, candidates: readonly string[]): string | null {
  return findClosest(word, candidates).match;
}

const maxComparedLength = 63;
const maxDistance = 5;

/** Like `closestMatch`. `steps` counts how many pairs of letters were compared: at most 693 for each candidate. */
export function findClosest(
  word: string,
  candidates: readonly string[],
): { readonly match: string | null; readonly steps: number } {
  const lowered = word.slice(0, maxComparedLength).toLowerCase();
  let match: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  let steps = 0;
  for (const candidate of candidates) {
    const allowed = Math.min(maxDistance, Math.max(1, Math.floor(candidate.length / 3)), bestDistance - 1);
    const compared = editDistance(lowered, candidate.slice(0, maxComparedLength).toLowerCase(), allowed);
    steps += compared.steps;
    if (compared.distance > allowed) continue;
    match = candidate;
    bestDistance = compared.distance;
  }
  return { match, steps };
}

/**
 * Optimal string alignment: insertions, deletions, replacements and swapped neighbours count one each. Returns infinity if the
 * distance is more than `limit`. Compares only letters whose positions differ by at most `limit`.
 */
function editDistance(a: string, b: string, limit: number): { readonly distance: number; readonly steps: number } {
  const tooFar = Number.POSITIVE_INFINITY;
  let steps = 0;
  if (Math.abs(a.length - b.length) > limit) return { distance: tooFar, steps };
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, index) => index);
  let lastMinimum = 0;
  for (let i = 1; i <= a.length; i++) {
    const row = Array<number>(b.length + 1).fill(tooFar);
    row[0] = i;
    let minimum = i;
    for (let j = Math.max(1, i - limit); j <= Math.min(b.length, i + limit); j++) {
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
    beforeLast = last;
    last = row;
    lastMinimum = minimum;
  }
  return { distance: last[b.length] ?? tooFar, steps };
}
