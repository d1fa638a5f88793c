import type { Messages } from './messages.ts';
import type { TriggerIds } from './trigger-ids.ts';
import { type JsonObject, SlackApiError } from './types.ts';
import type { Views } from './views.ts';
import type { ViolationLog } from './violations.ts';
import type { Workspace } from './workspace.ts';

/** The state that the parts of the fake share. */
export interface FakeSlackState {
  readonly workspace: Workspace;
  readonly messages: Messages;
  readonly views: Views;
  readonly triggers: TriggerIds;
  /** Whether the Home tab is enabled in the manifest of the app. */
  readonly hasHomeTab: boolean;
  readonly violations: ViolationLog;
  /** Scopes of the bot token. */
  readonly scopes: Set<string>;
  /** Set for a workspace of an Enterprise Grid. Otherwise Slack omits the fields. */
  readonly enterprise?: Enterprise | undefined;
  now(): number;
}

export interface Enterprise {
  readonly id: string;
  readonly name: string;
}

export interface ApiMethod {
  readonly token: 'bot' | 'app';
  /** One of these scopes is needed. Undefined: none. */
  readonly scopes?: readonly string[];
  run(args: JsonObject): JsonObject;
}

export const missingArgument = 'invalid_arguments';

/** Returns a required argument. Throws `invalid_arguments` when it is missing. */
export function requireStringArg(args: JsonObject, name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  const messages = [`[ERROR] missing required field: ${name}`];
  throw new SlackApiError(missingArgument, { response_metadata: { messages } });
}
