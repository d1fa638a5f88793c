/** Does each thing so much later, in their order: a shorter delay lets nothing overtake. */
export function later(delayMs: () => number): (act: () => void) => void {
  const waiting: { readonly at: number; readonly act: () => void }[] = [];
  const next = () => {
    waiting.shift()?.act();
    const [first] = waiting;
    if (first !== undefined) setTimeout(next, Math.max(0, first.at - performance.now()));
  };
  return (act) => {
    const ms = delayMs();
    if (ms === 0 && waiting.length === 0) return act();
    waiting.push({ at: performance.now() + ms, act });
    if (waiting.length === 1) setTimeout(next, ms);
  };
}
