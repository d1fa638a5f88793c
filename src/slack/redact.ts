import { framesOf } from '../domain/frames.ts';
import { maskReason } from '../domain/mask.ts';
import { loggableText } from '../domain/secrets.ts';

/** A text that may be logged: without addresses (a response_url is one), tokens, trigger ids and hosts. */
export function redact(text: string): string {
  return loggableText(text);
}

export interface LoggedFault {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedFault;
}

/** An error as it may be logged: name, code, masked first line and where it came from. */
export function loggedFault(error: unknown, depth = 0): LoggedFault {
  if (!(error instanceof Error)) return { name: 'no error', message: maskReason(String(error)) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: redact(error.code) } : {};
  const stack = error.stack === undefined || depth > 0 ? {} : { stack: framesOf(error.stack) };
  const cause = error.cause === undefined || depth > 2 ? {} : { cause: loggedFault(error.cause, depth + 1) };
  return { name: redact(error.name), message: maskReason(error.message), ...code, ...stack, ...cause };
}
