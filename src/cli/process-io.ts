import type { Readable, Writable } from 'node:stream';
import type { RawEnvironment } from '../config/environment.ts';
import type { CreateCliApp, OpenLinks, OpenSlackSetup, ReadProjectIds } from './cli-app.ts';

/** The process around the command line. Tests replace it. */
export interface ProcessIo {
  /** Without the names of node and of the script. */
  readonly argv: readonly string[];
  /** The variables that are set. `runCli` adds those of `.env`. */
  readonly env: RawEnvironment;
  /** The current folder: that of `.env`. */
  readonly folder: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** The name of the user who runs the command. */
  readonly user: string;
  /** The version of syncbot. */
  readonly version: string;
  /** The folder of `package.json` and of the template `manifest.yml`. */
  readonly packageFolder: URL;
  readonly signals: SignalEmitter;
  readonly createApp: CreateCliApp;
  readonly openLinks: OpenLinks;
  readonly openSlackSetup: OpenSlackSetup;
  readonly readProjectIds: ReadProjectIds;
}

/** How the user starts syncbot. npm sets `npm_command` for what `npx` starts, which need not be on the `PATH`. */
export function programName({ env }: Pick<ProcessIo, 'env'>): string {
  return env['npm_command'] === 'exec' ? 'npx syncbot' : 'syncbot';
}

type StopSignal = 'SIGINT' | 'SIGTERM';

export interface SignalEmitter {
  once(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

/** Is aborted at the first SIGINT or SIGTERM. A second one ends the process at once, as Node does by default. */
export function abortOnStopSignal(signals: SignalEmitter): AbortSignal & Disposable {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of stopSignals) signals.once(signal, abort);
  return Object.assign(controller.signal, {
    [Symbol.dispose]() {
      for (const signal of stopSignals) signals.off(signal, abort);
    },
  });
}

export const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];
