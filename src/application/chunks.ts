/** The items in their order, at most `size` at a time. */
export function toChunks<T>(items: readonly T[], size: number): T[][] {
  const chunks = [];
  for (let start = 0; start < items.length; start += size) chunks.push(items.slice(start, start + size));
  return chunks;
}
