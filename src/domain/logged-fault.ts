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
  if (!(error instanceof Error)) return { name: 'no error', message: maskReason(String(error)) };
  const { name, message, stack, cause } = error;
  return {
    name: loggableText(String(name)),
    message: maskReason(String(message)),
    ...('code' in error && typeof error.code === 'string' ? { code: loggableText(error.code) } : {}),
    ...(stack === undefined || depth > 0 ? {} : { stack: framesOf(stack) }),
    ...(cause === undefined || depth > 2 ? {} : { cause: loggedFault(cause, depth + 1) }),
  };
}
