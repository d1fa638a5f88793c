/** Counts the timers and TCP connections of this process, those of the fake Slack included. */
export function countOpenResources(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'TCPSocketWrap').length;
}

/** Unhandled rejections, uncaught exceptions and warnings of this process, until it is disposed. */
export interface ProcessErrorRecorder extends Disposable {
  readonly errors: readonly unknown[];
}

export function recordProcessErrors(): ProcessErrorRecorder {
  const errors: unknown[] = [];
  const record = (error: unknown) => void errors.push(error);
  const events = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'] as const;
  for (const event of events) process.on(event, record);
  return {
    errors,
    [Symbol.dispose]() {
      for (const event of events) process.off(event, record);
    },
  };
}
