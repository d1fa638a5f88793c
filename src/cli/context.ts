import type { Readable, Writable } from 'node:stream';
import type { Logger, UseCaseContext } from '../application/context.ts';
import type { SyncbotConfig } from '../config/config.ts';
import type { Environment, RawEnvironment } from '../config/environment.ts';
import type { CheckText } from '../messages/render.ts';

export const roles = ['all', 'bot', 'worker'] as const;
export type Role = (typeof roles)[number];

/** What the command line needs of the composition root. */
export interface CliApp extends AsyncDisposable {
  readonly useCaseContext: UseCaseContext;
  /** Slack's tokens and channels, for doctor; null: there is no bot token here. */
  checkSlack(): Promise<readonly CheckText[] | null>;
  /**
   * Runs the role until the signal is aborted, then ends it cleanly. Work begins after `begin`, which is called again while
   * Redis is away. Throws `RoleFault` when the role cannot begin or go on.
   */
  runRole(role: Role, signal: AbortSignal, prepare?: () => Promise<void>): Promise<void>;
}

/** A role cannot begin or go on; the message is one sentence for people. */
export class StartError extends Error {
  override readonly name = 'RoleFault';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export interface AppOptions {
  readonly environment: Environment;
  readonly config: SyncbotConfig;
  readonly log: Logger;
  /** Of syncbot. */
  readonly version?: string;
}

/** Opens nothing that does not close with the app. A Redis that is away is no fault yet. */
export type CreateCliApp = (options: AppOptions) => Promise<CliApp>;

/** The process around the command line; tests bring their own. */
export interface ProcessIo {
  /** Without the names of node and of the script. */
  readonly argv: readonly string[];
  readonly env: RawEnvironment;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Who uses the terminal. */
  readonly user: string;
  readonly version: string;
  readonly signals: SignalEmitter;
  readonly createApp: CreateCliApp;
}

export interface SignalEmitter {
  once(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

/** Done; refused, failed or not known; bad usage or configuration. */
export const exitCodes = { success: 0, failure: 1, usageError: 2 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Aborted at the first of these signals; a second one ends the process as usual. */
export function abortOnSignals(
  signals: SignalEmitter,
  names: readonly ('SIGINT' | 'SIGTERM')[],
): AbortSignal & Disposable {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const name of names) signals.once(name, abort);
  return Object.assign(controller.signal, {
    [Symbol.dispose]() {
      for (const name of names) signals.off(name, abort);
    },
  });
}
