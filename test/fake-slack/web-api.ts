import { chatMethods } from './chat-methods.ts';
import { type HttpReply, tooManyRequests } from './http-server.ts';
import { lookupMethods } from './lookup-methods.ts';
import { RateLimits } from './rate-limits.ts';
import { type ApiMethod, type FakeSlackState, missingArgument } from './state.ts';
import { errorText, type JsonObject, SlackApiError } from './types.ts';
import { viewMethods } from './view-methods.ts';

export interface WebApiOptions {
  readonly state: FakeSlackState;
  readonly botToken: string;
  readonly appToken: string;
  /** How many messages a channel takes at once, if rate limits are on. */
  readonly messageBurst: number;
  /** Returns a WebSocket URL with a ticket that works once. */
  readonly issueSocketUrl: () => string;
}

/** Errors that only a mistake in the app causes. */
const mistakes: ReadonlySet<string> = new Set([
  missingArgument,
  'invalid_trigger_id',
  'exchanged_trigger_id',
  'push_limit_reached',
  'duplicate_external_id',
  'view_too_large',
]);

/** The methods of the Web API that the bot uses, with Slack's checks of token, scope, arguments and rate. Any other is a violation. */
export class WebApi {
  enforceRateLimits = false;
  readonly #options: WebApiOptions;
  readonly #methods: Readonly<Record<string, ApiMethod>>;
  readonly #rateLimits: RateLimits;

  constructor(options: WebApiOptions) {
    this.#options = options;
    this.#rateLimits = new RateLimits(options.messageBurst);
    this.#methods = {
      ...chatMethods(options.state),
      ...lookupMethods(options.state),
      ...viewMethods(options.state),
      'apps.connections.open': { token: 'app', run: () => ({ url: options.issueSocketUrl() }) },
    };
  }

  handle(name: string, args: JsonObject, token: string | undefined): HttpReply {
    const reply = this.#reply(name, args, token);
    return { ...reply, headers: { ...this.#scopeHeaders(name, token), ...reply.headers } };
  }

  #reply(name: string, args: JsonObject, token: string | undefined): HttpReply {
    try {
      const method = this.#authorize(name, token);
      const retryAfterSeconds = this.#retryAfterSeconds(name, args);
      if (retryAfterSeconds !== undefined) return tooManyRequests(retryAfterSeconds);
      return { status: 200, body: { ok: true, ...method.run(args) } };
    } catch (error) {
      if (!(error instanceof SlackApiError)) throw error;
      if (mistakes.has(error.code)) this.#invalidCall(name, errorText(error));
      return { status: 200, body: { ok: false, error: error.code, ...error.responseFields } };
    }
  }

  #authorize(name: string, token: string | undefined): ApiMethod {
    const { state } = this.#options;
    const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
    if (method === undefined) throw this.#invalidCall(name, 'unknown_method');
    if (token === undefined || token === '') throw this.#invalidCall(name, 'not_authed');
    const tokenType = this.#tokenTypeOf(token);
    if (tokenType === undefined) throw this.#invalidCall(name, 'invalid_auth');
    if (tokenType !== method.token) throw this.#invalidCall(name, 'not_allowed_token_type');
    const scopes = method.scopes ?? [];
    if (scopes.length > 0 && !scopes.some((scope) => state.scopes.has(scope))) {
      throw new SlackApiError('missing_scope', { needed: scopes.join(','), provided: [...state.scopes].join(',') });
    }
    return method;
  }

  /** Slack names the scopes of the token and those that the method accepts in headers of every response. */
  #scopeHeaders(name: string, token: string | undefined): Record<string, string> {
    if (token !== this.#options.botToken) return {};
    const accepted = Object.hasOwn(this.#methods, name) ? (this.#methods[name]?.scopes ?? []) : [];
    const granted = [...this.#options.state.scopes].join(',');
    return {
      'x-oauth-scopes': granted,
      ...(accepted.length > 0 ? { 'x-accepted-oauth-scopes': accepted.join(',') } : {}),
    };
  }

  #tokenTypeOf(token: string): 'bot' | 'app' | undefined {
    if (token === this.#options.botToken) return 'bot';
    return token === this.#options.appToken ? 'app' : undefined;
  }

  #retryAfterSeconds(name: string, args: JsonObject): number | undefined {
    if (!this.enforceRateLimits) return undefined;
    return this.#rateLimits.consume(name, String(args['channel'] ?? ''), this.#options.state.now());
  }

  #invalidCall(name: string, code: string): SlackApiError {
    this.#options.state.violations.add('invalid_call', `${name}: ${code}`);
    return new SlackApiError(code);
  }
}
