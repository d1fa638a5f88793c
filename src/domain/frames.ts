/** A frame of V8: a place in a file or in Node itself, perhaps with what was called there. */
const frame =
  /^ *at (?:(?:async )?(?:new )?[\w$.<>[\] ]+ \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\|<anonymous>)[^\s'"`?@]*\)?$/;
const suspicious = /xox|xapp-|:\/\/[^/]/i;
const maxFrames = 12;

/** Where an error came from: the frames of its stack, and nothing else that stands in it. */
export function stackFrames(stack: string): string {
  const frames = stack.split('\n').filter((line) => frame.test(line) && !suspicious.test(line));
  return frames
    .slice(0, maxFrames)
    .map((line) => line.trim())
    .join('\n');
}
