/**
 * Forwards each item after a delay, counted from the arrival of the item. The order is kept even if the delay changes.
 * Items that arrive together are forwarded together: the line delays, but it does not throttle.
 */
export function delayLine<Item>(delayMs: () => number, forward: (item: Item) => void): (item: Item) => void {
  const pending: { readonly dueAt: number; readonly item: Item }[] = [];
  const forwardDue = () => {
    for (let first = pending[0]; first !== undefined; first = pending[0]) {
      const remainingMs = first.dueAt - performance.now();
      // Timers count whole milliseconds and may fire a fraction of one too early.
      if (remainingMs > 0.5) return void setTimeout(forwardDue, remainingMs);
      pending.shift();
      forward(first.item);
    }
  };
  return (item) => {
    const itemDelayMs = delayMs();
    if (itemDelayMs === 0 && pending.length === 0) return forward(item);
    pending.push({ dueAt: performance.now() + itemDelayMs, item });
    if (pending.length === 1) setTimeout(forwardDue, itemDelayMs);
  };
}
