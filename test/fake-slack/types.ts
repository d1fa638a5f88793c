export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };
export type Block = JsonObject;

export function isObject(value: Json | undefined): value is JsonObject {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Returns null when the text is not a JSON object. */
export function parseJsonObject(text: string): JsonObject | null {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Users, groups and channels are mutable: tests archive channels, remove members and deactivate users. */
export interface SlackUser {
  readonly id: string;
  name: string;
  teamId: string;
  isBot: boolean;
  deleted: boolean;
  /** An inactive user never sees a message of chat.postEphemeral. Slack still answers `ok`. */
  active: boolean;
  /** An IANA name. */
  tz: string;
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

export type MessageSource = 'chat.postMessage' | 'chat.postEphemeral' | 'response_url' | 'ack' | 'user';

/** A frozen copy of a message as it was when the test read it. */
export interface MessageView extends MessageContent {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  readonly via: MessageSource;
  readonly ephemeralFor?: string;
  readonly threadTs?: string;
  /** A reply that the channel shows too. */
  readonly isBroadcast?: boolean;
  /** The "(edited)" mark. Slack shows it for updates with text only, not for updates with blocks. */
  readonly edited: boolean;
  readonly deleted: boolean;
  /** Every content of the message, oldest first. The last one is the current one. */
  readonly versions: readonly MessageContent[];
}

export interface Button {
  readonly label: string;
  readonly actionId: string;
  readonly blockId: string;
  readonly value: string | undefined;
  readonly style: string | undefined;
}

/** A menu. `value` is that of the selected option. */
export interface Select {
  readonly actionId: string;
  readonly blockId: string;
  readonly options: readonly { readonly label: string; readonly value: string }[];
  readonly selected: string | undefined;
}

export interface ApiCall {
  /** A Web API method, or `response_url`. */
  readonly method: string;
  /** Without the token. For `response_url` the posted body and `url`. */
  readonly args: JsonObject;
  readonly at: number;
  /** `pending` until the response, then `ok`, an error code of Slack, `http <status>` or `dropped`. */
  result: string;
}

/** An error that Slack itself shows to a user. */
export interface ClientError {
  readonly user: string;
  /** Empty for a view. */
  readonly channel: string;
  /** `operation_timeout`, `dispatch_failed`, or `invalid_response` for an ack of a view that Slack cannot apply. */
  readonly error: string;
  readonly envelopeId: string;
}

/** Makes the fake respond `ok: false` with this code and these fields. */
export class SlackApiError extends Error {
  override readonly name = 'SlackApiError';
  readonly code: string;
  readonly responseFields: JsonObject;

  constructor(code: string, responseFields: JsonObject = {}) {
    super(code);
    this.code = code;
    this.responseFields = responseFields;
  }
}

/** The code of the error and the messages that Slack sends with it. */
export function errorText({ code, responseFields }: SlackApiError): string {
  const metadata = responseFields['response_metadata'];
  const messages = isObject(metadata) && Array.isArray(metadata['messages']) ? metadata['messages'] : [];
  return [code, ...messages].join('; ');
}
