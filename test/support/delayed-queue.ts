/** Does each thing so much later, in their order: a shorter delay lets nothing overtake. */
export function delayedQueue(delayMs: () => number): (task: () => void) => void {
  const pending: { readonly dueAt: number; readonly task: () => void }[] = [];
  const runNext = () => {
    pending.shift()?.task();
    const [first] = pending;
    if (first !== undefined) setTimeout(runNext, Math.max(0, first.dueAt - performance.now()));
  };
  return (task) => {
    const taskDelayMs = delayMs();
    if (taskDelayMs === 0 && pending.length === 0) return task();
    pending.push({ dueAt: performance.now() + taskDelayMs, task });
    if (pending.length === 1) setTimeout(runNext, taskDelayMs);
  };
}
