/**
 * Removes the characters that match from the start and the end. Reads each UTF-16 unit at most once: a regular expression such
 * as `/[x]+$/` takes quadratic time.
 */
export function trimCharacters(
  text: string,
  { start: matchesStart, end: matchesEnd }: { readonly [Side in 'start' | 'end']: (character: string) => boolean },
): string {
  let start = 0;
  let end = text.length;
  while (start < end && matchesStart(text.charAt(start))) start += 1;
  while (end > start && matchesEnd(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
