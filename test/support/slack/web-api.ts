import { chatMethods } from './chat-methods.ts';
import { lookupMethods } from './lookup-methods.ts';
import { RateLimits } from './rate-limits.ts';
import { type Method, MISSING_ARGUMENT, type State } from './state.ts';
import { type JsonObject, SlackRefusal } from './types.ts';
import { type Reply, tooManyRequests } from './wire.ts';

export interface WebApiOptions {
  readonly state: State;
  readonly botToken: string;
  readonly appToken: string;
  /** A fresh WebSocket address with a one-time ticket. */
  readonly openConnection: () => string;
}

/** Every Web API method the fake knows, behind Slack's checks of token, scope, arguments and rate. */
export class WebApi {
  enforceRateLimits = false;
  readonly #options: WebApiOptions;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #rates = new RateLimits();

  constructor(options: WebApiOptions) {
    this.#options = options;
    this.#methods = {
      ...chatMethods(options.state),
      ...lookupMethods(options.state),
      'apps.connections.open': { token: 'app', run: () => ({ url: options.openConnection() }) },
    };
  }

  answer(name: string, args: JsonObject, token: string | undefined): Reply {
    try {
      const method = this.#permitted(name, token);
      const seconds = this.#overRate(name, args);
      if (seconds !== undefined) return tooManyRequests(seconds);
      return { status: 200, body: { ok: true, ...method.run(args) } };
    } catch (error) {
      if (!(error instanceof SlackRefusal)) throw error;
      if (error.code === MISSING_ARGUMENT) this.#misuse(name, error.code);
      return { status: 200, body: { ok: false, error: error.code, ...error.extra } };
    }
  }

  #permitted(name: string, token: string | undefined): Method {
    const { state } = this.#options;
    const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
    if (method === undefined) throw this.#misuse(name, 'unknown_method');
    if (token === undefined || token === '') throw this.#misuse(name, 'not_authed');
    const kind = this.#kindOf(token);
    if (kind === undefined) throw this.#misuse(name, 'invalid_auth');
    if (kind !== method.token) throw this.#misuse(name, 'not_allowed_token_type');
    const scopes = method.scopes ?? [];
    if (scopes.length > 0 && !scopes.some((scope) => state.scopes.has(scope))) {
      throw new SlackRefusal('missing_scope', { needed: scopes.join(','), provided: [...state.scopes].join(',') });
    }
    return method;
  }

  #kindOf(token: string): 'bot' | 'app' | undefined {
    if (token === this.#options.botToken) return 'bot';
    return token === this.#options.appToken ? 'app' : undefined;
  }

  #overRate(name: string, args: JsonObject): number | undefined {
    if (!this.enforceRateLimits) return undefined;
    return this.#rates.take(name, String(args['channel'] ?? ''), this.#options.state.now());
  }

  #misuse(name: string, code: string): SlackRefusal {
    this.#options.state.log.add('invalid_call', `${name}: ${code}`);
    return new SlackRefusal(code);
  }
}
