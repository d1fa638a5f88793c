/** What the strict fake knows of a workspace. Users and channels are mutable on purpose: tests archive, remove and deactivate. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
export type Block = JsonObject;

export interface SlackUser {
  readonly id: string;
  name: string;
  teamId: string;
  isBot: boolean;
  deleted: boolean;
  isRestricted: boolean;
  isUltraRestricted: boolean;
  /** An inactive person never gets an ephemeral from chat.postEphemeral, and Slack does not say so. */
  active: boolean;
}

export interface SlackGroup {
  readonly id: string;
  handle: string;
  members: string[];
}

export interface SlackChannel {
  readonly id: string;
  name: string;
  /** User ids. The bot is a member when its own user id is among them. */
  members: Set<string>;
  isArchived: boolean;
  isExtShared: boolean;
  isIm: boolean;
  isPrivate: boolean;
}

export type UserSpec = Pick<SlackUser, 'id'> & Partial<SlackUser>;
export type GroupSpec = Pick<SlackGroup, 'id'> & Partial<SlackGroup>;
export type ChannelSpec = Pick<SlackChannel, 'id'> &
  Partial<Omit<SlackChannel, 'id' | 'members'>> & { members?: Iterable<string> };

export interface MessageContent {
  readonly text: string;
  readonly blocks: readonly Block[];
}

export type MessageSource = 'chat.postMessage' | 'chat.postEphemeral' | 'response_url' | 'ack' | 'person';

/** A frozen copy of a message as it looked when it was read; it does not follow later edits. */
export interface MessageView extends MessageContent {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  readonly via: MessageSource;
  readonly ephemeralFor?: string;
  readonly threadTs?: string;
  /** The "(edited)" mark: Slack draws it for updates with text alone, not for updates with blocks. */
  readonly edited: boolean;
  readonly deleted: boolean;
  /** Every content it ever had, oldest first; the last one is the current one. */
  readonly versions: readonly MessageContent[];
}

export interface Button {
  readonly label: string;
  readonly actionId: string;
  readonly blockId: string;
  readonly value: string | undefined;
  readonly style: string | undefined;
}

export type ViolationRule =
  | 'missing_text'
  | 'broadcast_mention'
  | 'link_names'
  | 'invalid_message'
  | 'invalid_call'
  | 'ack_too_late'
  | 'double_ack'
  | 'unexpected_ack'
  | 'response_url_expired'
  | 'response_url_used_up'
  | 'response_url_unknown';

/** Something the app did that Slack does not allow or that the house forbids. */
export interface Violation {
  readonly rule: ViolationRule;
  readonly detail: string;
}

export interface ApiCall {
  /** A Web API method, or `response_url`. */
  readonly method: string;
  /** Without the token; for `response_url` the posted body and `url`. */
  readonly args: JsonObject;
  readonly at: number;
  /** `pending` until answered, then `ok`, a Slack error, an HTTP status or `dropped`. */
  result: string;
}

export interface ClientError {
  readonly user: string;
  readonly channel: string;
  /** What Slack itself told the person, e.g. `operation_timeout` or `dispatch_failed`. */
  readonly error: string;
  readonly envelopeId: string;
}

/** An error in Slack's own words: `ok: false` with a code. */
export class SlackApiError extends Error {
  override readonly name = 'SlackRefusal';
  readonly code: string;
  readonly responseFields: JsonObject;

  constructor(code: string, extra: JsonObject = {}) {
    super(code);
    this.code = code;
    this.responseFields = extra;
  }
}
