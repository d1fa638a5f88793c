import { randomBytes } from 'node:crypto';
import { BOT_USER_ID, TEAM_ID } from './directory.ts';
import { readObject } from './json.ts';
import { checkedContent, isOn } from './message-rules.ts';
import type { StoredMessage } from './messages.ts';
import type { State } from './state.ts';
import { type JsonObject, SlackRefusal, type ViolationRule } from './types.ts';
import type { Reply } from './wire.ts';

const MAX_USES = 5;
const LIFETIME_MS = 30 * 60_000;

interface Grant {
  readonly user: string;
  readonly channel: string;
  /** The pressed message; a slash command has none, so nothing of it can be replaced. */
  readonly source: StoredMessage | undefined;
  readonly issuedAt: number;
  uses: number;
}

/** response_urls: one per payload, five uses, thirty minutes, no membership needed. */
export class ResponseUrls {
  readonly #state: State;
  readonly #baseUrl: () => string;
  readonly #grants = new Map<string, Grant>();

  constructor(state: State, baseUrl: () => string) {
    this.#state = state;
    this.#baseUrl = baseUrl;
  }

  issue(kind: 'commands' | 'actions', to: Pick<Grant, 'user' | 'channel' | 'source'>): string {
    const path = `/${kind}/${TEAM_ID}/${Date.now()}/${randomBytes(12).toString('base64url')}`;
    this.#grants.set(path, { ...to, issuedAt: this.#state.now(), uses: 0 });
    return `${this.#baseUrl()}${path}`;
  }

  answer(path: string, body: JsonObject): Reply {
    const grant = this.#grants.get(path);
    if (grant === undefined) return this.#refuse('response_url_unknown', 'invalid_url', path);
    if (this.#state.now() - grant.issuedAt > LIFETIME_MS) {
      return this.#refuse('response_url_expired', 'expired_url', path);
    }
    if (grant.uses >= MAX_USES) return this.#refuse('response_url_used_up', 'used_url', path);
    grant.uses += 1;
    return this.#post(grant, readBody(body));
  }

  #post(grant: Grant, body: JsonObject): Reply {
    const { directory, log, messages } = this.#state;
    try {
      if (directory.channels.get(grant.channel)?.isArchived) return refusal(410, 'channel_is_archived');
      if (isOn(body['delete_original'])) {
        if (grant.source) messages.remove(grant.source);
        return done;
      }
      const content = checkedContent(body, log, 'response_url');
      if (isOn(body['replace_original']) && grant.source) {
        if (!grant.source.deleted) messages.replace(grant.source, content);
        return done;
      }
      const ephemeralFor = body['response_type'] === 'in_channel' ? undefined : grant.user;
      const threadTs = typeof body['thread_ts'] === 'string' ? body['thread_ts'] : undefined;
      const author = { channel: grant.channel, user: BOT_USER_ID, via: 'response_url' } as const;
      messages.post({ ...content, ...author, ephemeralFor, threadTs });
      return done;
    } catch (error) {
      if (error instanceof SlackRefusal) return refusal(400, error.code);
      throw error;
    }
  }

  #refuse(rule: ViolationRule, code: string, path: string): Reply {
    this.#state.log.add(rule, path);
    return refusal(404, code);
  }
}

const done: Reply = { status: 200, body: 'ok' };

function refusal(status: number, error: string): Reply {
  return { status, body: { ok: false, error } };
}

/** A form body carries the message as `payload`. */
function readBody(body: JsonObject): JsonObject {
  const { payload } = body;
  return typeof payload === 'string' ? (readObject(payload) ?? {}) : body;
}
