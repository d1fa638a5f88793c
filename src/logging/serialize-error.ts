import { maskFailureReason } from './mask-failure-reason.ts';
import { redactText } from './redact.ts';

/** One line of a V8 stack trace: an optional function name and a position. */
const frame =
  /^ *at (?:(?:async )?(?:new )?[\w$.<>[\] ]+ \()?(?:file:\/\/|node:|\/|[A-Za-z]:\\|<anonymous>)[^\s'"`?@]*\)?$/;
const suspicious = /xox|xapp-|:\/\/[^/]/i;
const maxFrames = 12;

/** The positions in a stack trace, without the message that precedes them. */
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

/**
 * An error that is safe to log: its name, code, masked first line, stack positions and cause. Values that the message quotes
 * are masked, and other properties are left out.
 */
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

/** Any value can be thrown, also one whose `toString` throws. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return typeof thrown;
  }
}
