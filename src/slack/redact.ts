/** Addresses (a response_url is one), tokens and trigger ids: none of them may stand in a log line. */
const secrets: readonly (readonly [RegExp, string])[] = [
  [/\b(?:https?|wss?):\/\/[^\s"'<>)\]}]+/gi, '‹url›'],
  [/\bx(?:ox[a-z]?|app)-[\w-]+/gi, '‹token›'],
  [/\b\d{9,}\.\d{9,}\.[0-9a-f]{16,}\b/gi, '‹trigger›'],
];

/** A text that may be logged. */
export function redact(text: string): string {
  return secrets.reduce((clean, [pattern, mark]) => clean.replace(pattern, mark), text).slice(0, 2_000);
}

export interface LoggedFault {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggedFault;
}

/** An error as it may be logged: name, code, message and stack, with every secret redacted. */
export function loggedFault(error: unknown, depth = 0): LoggedFault {
  if (!(error instanceof Error)) return { name: 'no error', message: redact(String(error)) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const stack = error.stack === undefined || depth > 0 ? {} : { stack: redact(error.stack) };
  const cause = error.cause === undefined || depth > 2 ? {} : { cause: loggedFault(error.cause, depth + 1) };
  return { name: error.name, message: redact(error.message), ...code, ...stack, ...cause };
}
