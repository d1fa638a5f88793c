import type { Messages } from './messages.ts';
import { type JsonObject, SlackApiError } from './types.ts';
import type { ViolationLog } from './violation-log.ts';
import type { Workspace } from './workspace.ts';

/** What the parts of the fake share. */
export interface FakeSlackState {
  readonly workspace: Workspace;
  readonly messages: Messages;
  readonly violations: ViolationLog;
  /** Scopes granted to the bot token. */
  readonly scopes: Set<string>;
  /** Set for a workspace of an Enterprise Grid; elsewhere Slack leaves the fields out. */
  readonly enterprise?: Enterprise | undefined;
  now(): number;
}

export interface Enterprise {
  readonly id: string;
  readonly name: string;
}

export interface ApiMethod {
  readonly token: 'bot' | 'app';
  /** Any one of these is enough; none means that no scope is needed. */
  readonly scopes?: readonly string[];
  run(args: JsonObject): JsonObject;
}

export const MISSING_ARGUMENT = 'invalid_arguments';

/** A required argument; every one the fake knows is a string. */
export function requireStringArg(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  const messages = [`[ERROR] missing required field: ${name}`];
  throw new SlackApiError(MISSING_ARGUMENT, { response_metadata: { messages } });
}
