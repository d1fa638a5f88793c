/** Timers and connections of this process, the fake's too. */
export function countOpenResources(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'TCPSocketWrap').length;
}

/** What nobody caught, and what Node warns of, from now on until disposed. */
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
