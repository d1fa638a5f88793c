import type { SinceTime } from '../lib/since-time.ts';
import type { ChangeBatchCommand, ChangeCommand } from './change-arguments.ts';
import type { Role } from './cli-app.ts';

/** A command with its arguments. */
export type ParsedCommand =
  | { readonly name: 'init' }
  | { readonly name: 'run'; readonly role: Role }
  | ApplyCommand
  | ListCommand
  | WatchCommand
  | {
      readonly name: 'show' | 'precheck' | 'skipped' | 'cancel' | 'keep-paused';
      readonly project: string;
      readonly json: boolean;
    }
  | HistoryCommand
  | ChangeCommand
  | ChangeBatchCommand
  | { readonly name: 'extend'; readonly project: string; readonly duration: string; readonly json: boolean }
  | DiscoverCommand
  | { readonly name: 'export'; readonly output: string | null }
  | { readonly name: 'project-ids' }
  | { readonly name: 'doctor'; readonly json: boolean };

export interface DiscoverCommand {
  readonly name: 'discover';
  /** The name of a connection or a Redis URL. Null for REDIS_URL. */
  readonly connection: string | null;
  /** The prefix of the queues. Null for all. */
  readonly prefix: string | null;
  /** The file to write, in place of SYNCBOT_CONFIG. */
  readonly output: string | null;
  readonly maxKeys: number;
  readonly json: boolean;
}

export interface ApplyCommand {
  readonly name: 'apply';
  /** Files and folders. Empty for SYNCBOT_CONFIG. */
  readonly files: readonly string[];
  readonly prune: boolean;
  /** Prints the plan only. */
  readonly plan: boolean;
  readonly json: boolean;
  readonly yes: boolean;
}

export interface ListCommand {
  readonly name: 'list';
  readonly filter: string;
  /** How many projects are printed at most. Null for all. */
  readonly limit: number | null;
  readonly json: boolean;
}

export interface WatchCommand {
  readonly name: 'watch';
  readonly filter: string;
  /** How long it waits after each reading. */
  readonly intervalMs: number;
  readonly json: false;
}

export interface HistoryCommand {
  readonly name: 'history';
  /** Null for all projects. */
  readonly project: string | null;
  /** Prints every entry of all projects, the oldest first. */
  readonly all: boolean;
  readonly since: SinceTime | null;
  /** How many lines or entries are printed at most, the newest ones. Null for the default. */
  readonly limit: number | null;
  readonly json: boolean;
}
