/** Timers and connections of this process, the fake's too. */
export function openResources(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'TCPSocketWrap').length;
}

/** What nobody caught, and what Node warns of, from now on until disposed. */
export interface Overheard extends Disposable {
  readonly faults: readonly unknown[];
}

export function overhear(): Overheard {
  const faults: unknown[] = [];
  const hear = (fault: unknown) => void faults.push(fault);
  const events = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'] as const;
  for (const event of events) process.on(event, hear);
  return {
    faults,
    [Symbol.dispose]() {
      for (const event of events) process.off(event, hear);
    },
  };
}
