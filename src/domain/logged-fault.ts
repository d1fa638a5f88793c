import { framesOf } from './frames.ts';
import { maskReason } from './mask.ts';
import { loggableText } from './secrets.ts';

export interface LoggedFault {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedFault;
}

/** An error as it may be logged, without what it quotes and carries: name, code, masked first line, where it came from, its cause. */
export function loggedFault(error: unknown, depth = 0): LoggedFault {
  if (!(error instanceof Error)) return { name: 'no error', message: maskReason(textOf(error)), ...codeOf(error) };
  const { name, message, stack, cause } = error;
  return {
    name: loggableText(String(name)),
    message: maskReason(String(message)),
    ...codeOf(error),
    ...(stack === undefined || depth > 0 ? {} : { stack: framesOf(stack) }),
    ...(cause === undefined || depth > 2 ? {} : { cause: loggedFault(cause, depth + 1) }),
  };
}

function codeOf(thrown: unknown): { readonly code?: string } {
  const isCoded = typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string';
  return isCoded ? { code: loggableText(String(thrown.code)) } : {};
}

/** A thrown value may be anything, also what has no text or refuses to give it. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return typeof thrown;
  }
}
