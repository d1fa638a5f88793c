/**
 * Hands each chunk on after the same delay, counted from when it came: chunks that come close together leave close together,
 * in their order. It delays, and never makes one wait for another.
 */
export function delayLine<Chunk>(delayMs: number, hand: (chunk: Chunk) => void): (chunk: Chunk) => void {
  const waiting: { readonly due: number; readonly chunk: Chunk }[] = [];
  const handDue = () => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const early = first.due - performance.now();
      // Timers count whole milliseconds and may be early by a part of one.
      if (early > 0.5) return void setTimeout(handDue, early);
      waiting.shift();
      hand(first.chunk);
    }
  };
  return (chunk) => {
    waiting.push({ due: performance.now() + delayMs, chunk });
    if (waiting.length === 1) setTimeout(handDue, delayMs);
  };
}
