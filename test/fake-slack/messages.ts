import { randomBytes } from 'node:crypto';
import { type Block, isObject, type MessageContent, type MessageSource, type MessageView } from './types.ts';

export interface StoredMessage {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  readonly via: MessageSource;
  readonly ephemeralFor?: string;
  readonly threadTs?: string;
  /** A reply that the channel shows too. */
  readonly isBroadcast?: boolean;
  readonly versions: MessageContent[];
  edited: boolean;
  deleted: boolean;
  /** Set together with `deleted` when a user deleted it. Slack does not notify the app. */
  deletedByUser: boolean;
}

export interface NewMessage extends MessageContent {
  readonly channel: string;
  readonly user: string;
  readonly via: MessageSource;
  readonly ephemeralFor?: string | undefined;
  readonly threadTs?: string | undefined;
  readonly isBroadcast?: boolean;
}

/** All messages of the workspace, ephemeral ones included, in the order of their ts. */
export class Messages {
  readonly #all: StoredMessage[] = [];
  readonly #now: () => number;
  readonly #onChange: () => void;
  #lastMicros = 0;

  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  nextTs(): string {
    this.#lastMicros = Math.max(Math.floor(this.#now()) * 1000, this.#lastMicros + 1);
    return `${Math.floor(this.#lastMicros / 1e6)}.${String(this.#lastMicros % 1e6).padStart(6, '0')}`;
  }

  post(message: NewMessage): StoredMessage {
    const stored: StoredMessage = {
      ts: this.nextTs(),
      channel: message.channel,
      user: message.user,
      via: message.via,
      ...(message.ephemeralFor === undefined ? {} : { ephemeralFor: message.ephemeralFor }),
      ...(message.threadTs === undefined ? {} : { threadTs: message.threadTs }),
      ...(message.isBroadcast ? { isBroadcast: true } : {}),
      versions: [{ text: message.text, blocks: withIds(message.blocks) }],
      edited: false,
      deleted: false,
      deletedByUser: false,
    };
    this.#all.push(stored);
    this.#onChange();
    return stored;
  }

  /** Sets the edited mark for updates without blocks only, as chat.update documents. */
  replace(message: StoredMessage, content: MessageContent): void {
    message.versions.push({ text: content.text, blocks: withIds(content.blocks) });
    message.edited = content.blocks.length === 0;
    this.#onChange();
  }

  remove(message: StoredMessage): void {
    message.deleted = true;
    this.#onChange();
  }

  find(ts: string): StoredMessage | undefined {
    return this.#all.find((message) => message.ts === ts);
  }

  /** Whether the thread of this message has a reply that is not ephemeral. */
  hasReplies(ts: string): boolean {
    const isOwnReply = (message: StoredMessage) => message.threadTs === ts && isReply(message) && !message.deleted;
    return this.#all.some((message) => isOwnReply(message) && message.ephemeralFor === undefined);
  }

  visibleIn(channel: string, isVisible: (message: StoredMessage) => boolean): StoredMessage[] {
    return this.#all.filter((message) => message.channel === channel && !message.deleted && isVisible(message));
  }

  /** Slack does not store ephemeral messages, so a reloaded client loses them. */
  deleteEphemeralsOf(user: string): void {
    for (const message of this.#all) if (message.ephemeralFor === user) message.deleted = true;
    this.#onChange();
  }
}

/** Whether it is in a thread and not its parent. */
export function isReply({ ts, threadTs }: Pick<StoredMessage, 'ts' | 'threadTs'>): boolean {
  return threadTs !== undefined && threadTs !== ts;
}

export function currentContent(message: StoredMessage): MessageContent {
  const last = message.versions.at(-1);
  if (last === undefined) throw new Error(`message ${message.ts} has no content`);
  return last;
}

export function toView(message: StoredMessage): MessageView {
  const view: MessageView = { ...structuredClone(message), ...structuredClone(currentContent(message)) };
  return deepFreeze(view);
}

/** Slack adds a block_id to every block and an action_id to every element that has none. */
export function withIds(blocks: readonly Block[]): Block[] {
  return structuredClone(blocks).map((block): Block => {
    const elements = block['type'] === 'actions' && Array.isArray(block['elements']) ? block['elements'] : [];
    for (const element of [...elements, block['accessory'] ?? null, block['element'] ?? null]) {
      if (isObject(element)) element['action_id'] ??= randomId();
    }
    return { ...block, block_id: block['block_id'] ?? randomId() };
  });
}

function randomId(): string {
  return randomBytes(4).toString('base64url').slice(0, 5);
}

export function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
