import { randomBytes } from 'node:crypto';
import { threadTsOf } from './chat-methods.ts';
import type { HttpReply } from './http-server.ts';
import { isTruthyArg, validateContent } from './message-validation.ts';
import type { StoredMessage } from './messages.ts';
import type { FakeSlackState } from './state.ts';
import { type JsonObject, parseJsonObject, SlackApiError } from './types.ts';
import type { ViolationRule } from './violations.ts';
import { botUserId, teamId } from './workspace.ts';

const maxUses = 5;
const lifetimeMs = 30 * 60_000;

interface IssuedUrl {
  readonly user: string;
  readonly channel: string;
  /** The message of the pressed button. Undefined for a command or shortcut: it has no message that could be replaced. */
  readonly source: StoredMessage | undefined;
  readonly issuedAt: number;
  uses: number;
}

/** A response_url is unique per payload, works five times within thirty minutes, and needs no membership of the bot. */
export class ResponseUrls {
  readonly #state: FakeSlackState;
  readonly #baseUrl: () => string;
  readonly #issuedUrls = new Map<string, IssuedUrl>();

  constructor(state: FakeSlackState, baseUrl: () => string) {
    this.#state = state;
    this.#baseUrl = baseUrl;
  }

  issue(kind: 'commands' | 'actions' | 'app', target: Pick<IssuedUrl, 'user' | 'channel' | 'source'>): string {
    const path = `/${kind}/${teamId}/${Date.now()}/${randomBytes(12).toString('base64url')}`;
    this.#issuedUrls.set(path, { ...target, issuedAt: this.#state.now(), uses: 0 });
    return `${this.#baseUrl()}${path}`;
  }

  handle(path: string, body: JsonObject): HttpReply {
    const issuedUrl = this.#issuedUrls.get(path);
    if (issuedUrl === undefined) return this.#reject('response_url_unknown', 'invalid_url', path);
    if (this.#state.now() - issuedUrl.issuedAt > lifetimeMs) {
      return this.#reject('response_url_expired', 'expired_url', path);
    }
    if (issuedUrl.uses >= maxUses) return this.#reject('response_url_used_up', 'used_url', path);
    issuedUrl.uses += 1;
    return this.#post(issuedUrl, messageOfBody(body));
  }

  #post(issuedUrl: IssuedUrl, body: JsonObject): HttpReply {
    const { workspace, violations, messages } = this.#state;
    try {
      if (workspace.channels.get(issuedUrl.channel)?.isArchived) return errorReply(410, 'channel_is_archived');
      if (isTruthyArg(body['delete_original'])) {
        if (issuedUrl.source) messages.remove(issuedUrl.source);
        return okReply;
      }
      const content = validateContent(body, violations, 'response_url');
      if (isTruthyArg(body['replace_original']) && issuedUrl.source) {
        if (!issuedUrl.source.deleted) messages.replace(issuedUrl.source, content);
        return okReply;
      }
      const ephemeralFor = body['response_type'] === 'in_channel' ? undefined : issuedUrl.user;
      const threadTs = threadTsOf(this.#state, body, 'response_url');
      const author = { channel: issuedUrl.channel, user: botUserId, via: 'response_url' } as const;
      messages.post({ ...content, ...author, ephemeralFor, threadTs });
      return okReply;
    } catch (error) {
      if (error instanceof SlackApiError) return errorReply(400, error.code);
      throw error;
    }
  }

  #reject(rule: ViolationRule, code: string, path: string): HttpReply {
    this.#state.violations.add(rule, path);
    return errorReply(404, code);
  }
}

const okReply: HttpReply = { status: 200, body: 'ok' };

function errorReply(status: number, error: string): HttpReply {
  return { status, body: { ok: false, error } };
}

/** A form body has the message in the field `payload`. */
function messageOfBody(body: JsonObject): JsonObject {
  const { payload } = body;
  return typeof payload === 'string' ? (parseJsonObject(payload) ?? {}) : body;
}
