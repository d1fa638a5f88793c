/**
 * Hands each chunk on after the same delay, counted from when it came: chunks that come close together leave close together,
 * in their order. It delays, and never makes one wait for another.
 */
export function delayLine<Chunk>(delayMs: number, forward: (chunk: Chunk) => void): (chunk: Chunk) => void {
  const pending: { readonly dueAt: number; readonly chunk: Chunk }[] = [];
  const forwardDue = () => {
    for (let first = pending[0]; first !== undefined; first = pending[0]) {
      const remainingMs = first.dueAt - performance.now();
      // Timers count whole milliseconds and may be early by a part of one.
      if (remainingMs > 0.5) return void setTimeout(forwardDue, remainingMs);
      pending.shift();
      forward(first.chunk);
    }
  };
  return (chunk) => {
    pending.push({ dueAt: performance.now() + delayMs, chunk });
    if (pending.length === 1) setTimeout(forwardDue, delayMs);
  };
}
