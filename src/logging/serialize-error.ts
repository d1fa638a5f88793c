import { maskFailureReason, redactText } from './redact.ts';

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

export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: SerializedError;
}

/** An error as it may be logged, without what it quotes and carries: name, code, masked first line, where it came from, its cause. */
export function serializeError(error: unknown, depth = 0): SerializedError {
  if (!(error instanceof Error))
    return { name: 'no error', message: maskFailureReason(textOf(error)), ...codeOf(error) };
  const { name, message, stack, cause } = error;
  return {
    name: redactText(String(name)),
    message: maskFailureReason(String(message)),
    ...codeOf(error),
    ...(stack === undefined || depth > 0 ? {} : { stack: stackFrames(stack) }),
    ...(cause === undefined || depth > 2 ? {} : { cause: serializeError(cause, depth + 1) }),
  };
}

function codeOf(thrown: unknown): { readonly code?: string } {
  const isCoded = typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string';
  return isCoded ? { code: redactText(String(thrown.code)) } : {};
}

/** A thrown value may be anything, also what has no text or refuses to give it. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return typeof thrown;
  }
}
