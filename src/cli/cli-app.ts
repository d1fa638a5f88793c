import type { Logger, UseCaseContext } from '../application/context.ts';
import type { LinkGateway } from '../application/ports.ts';
import type { SyncbotConfig } from '../config/config.ts';
import type { ConnectionResolver } from '../config/connection-sources.ts';
import type { Environment } from '../config/environment.ts';
import type { RedisEndpoint } from '../config/redis-url.ts';
import type { CheckOutcome, CheckText } from '../messages/facts.ts';

export const roles = ['all', 'bot', 'worker'] as const;
export type Role = (typeof roles)[number];

/**
 * 0 done; 1 refused, failed or outcome unknown; 2 invalid usage or configuration. Only of a command that waits: 3 the time is
 * over; 4 a project changed during the wait. Only of `apply --plan`: 3 something would change.
 */
export const exitCodes = {
  success: 0,
  failure: 1,
  usageError: 2,
  waitTimedOut: 3,
  wouldChange: 3,
  changedDuringWait: 4,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What the command line needs from the composition root (`app.ts`). */
export interface CliApp extends AsyncDisposable {
  readonly useCaseContext: UseCaseContext;
  /** Runs a command in a trace of its own, if the app writes traces. */
  trace<T>(command: string, run: () => Promise<T>): Promise<T>;
  /** Uses the settings and connections that `apply` stored, if any, instead of those of the file. Throws `StoreUnavailableError`. */
  useStoredConfiguration(): Promise<void>;
  /** Checks Slack's tokens and channels, for `doctor`. Returns null if there is no bot token. */
  checkSlack(): Promise<readonly CheckText[] | null>;
  /**
   * Runs the role until the signal is aborted, then stops it cleanly. Workers start after `prepare` has resolved. If Redis
   * does not answer, `prepare` is called again. Throws `StartError` if the role cannot start or cannot continue.
   */
  runRole(role: Role, signal: AbortSignal, prepare?: () => Promise<void>): Promise<void>;
}

/** A role cannot start or cannot continue. The message is for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export interface AppOptions {
  readonly environment: Environment;
  readonly config: SyncbotConfig;
  /** Without it the app uses only the connections of its file. */
  readonly resolveConnections?: ConnectionResolver;
  readonly log: Logger;
  /** The version of syncbot. */
  readonly version?: string;
  /** What the process does, in its traces. Without it the app writes none. */
  readonly tracedAs?: Role | 'cli';
}

/** Creates the app. It may resolve while Redis does not answer. Disposing the app closes everything it has opened. */
export type CreateCliApp = (options: AppOptions) => Promise<CliApp>;

export interface LinksOptions {
  /** By the name of the connection. */
  readonly endpoints: Readonly<Record<string, RedisEndpoint>>;
  readonly log: Logger;
}

export interface OpenedLinks extends AsyncDisposable {
  readonly gateway: LinkGateway;
}

/** Opens connections to queues only, for a command that needs nothing of syncbot's own records and must not write any. */
export type OpenLinks = (options: LinksOptions) => Promise<OpenedLinks>;

export interface ProjectIdsOptions {
  readonly endpoint: RedisEndpoint;
  readonly keyPrefix: string;
}

/** Reads the ids of the stored projects, sorted, and writes nothing. Throws `StoreUnavailableError`. */
export type ReadProjectIds = (options: ProjectIdsOptions) => Promise<readonly string[]>;

/** Checks the answers of `init` with Slack. `unknown`: Slack did not answer, or the token has no scope. No check throws. */
export interface SlackSetup {
  checkBotToken(token: string): Promise<CheckOutcome>;
  checkAppToken(token: string): Promise<CheckOutcome>;
  /** `id`: of a user or a user group. */
  checkOperator(botToken: string, id: string): Promise<CheckOutcome>;
  checkChannel(botToken: string, id: string): Promise<CheckOutcome>;
}

export interface SlackSetupOptions {
  /** The base URL of the Slack Web API. Null when it is that of slack.com. */
  readonly apiUrl: string | null;
  readonly log: Logger;
}

export type OpenSlackSetup = (options: SlackSetupOptions) => Promise<SlackSetup>;
