import { EventEmitter } from 'node:events';
import { describeSlack } from './describe.ts';
import { BOT_USER_ID, Directory } from './directory.ts';
import type { FaultHandle, FaultSpec } from './faults.ts';
import { HttpSide } from './http-side.ts';
import { Messages, type StoredMessage, viewOf } from './messages.ts';
import { DEFAULT_SCOPES, type StrictSlackOptions } from './options.ts';
import { type CommandSpec, type Delivery, People, type PressSpec, type RawPressSpec } from './people.ts';
import { RequestUrl } from './request-url.ts';
import { ResponseUrls } from './response-urls.ts';
import { type DisconnectReason, SocketMode } from './socket-mode.ts';
import type { State } from './state.ts';
import type { ApiCall, MessageView, Notice, SlackChannel, SlackGroup, SlackUser, Violation } from './types.ts';
import { ViolationLog } from './violation-log.ts';
import { type Truthy, type WaitOptions, waitUntil } from './wait.ts';
import { WebApi } from './web-api.ts';

/** Slack at its wire, with its rules enforced. One instance is one workspace with the app installed. */
export class StrictSlack implements AsyncDisposable {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** HTTP mode, once its `url` is set. */
  readonly requestUrl: RequestUrl;
  readonly botUserId = BOT_USER_ID;
  readonly #directory: Directory;
  readonly #messages: Messages;
  readonly #log = new ViolationLog();
  /** Slack's end of the sockets, for what goes wrong with them. */
  readonly sockets: SocketMode;
  readonly #urls: ResponseUrls;
  readonly #people: People;
  readonly #api: WebApi;
  readonly #http: HttpSide;
  readonly #scopes: Set<string>;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #baseNow: () => number;
  #advancedMs = 0;

  private constructor(options: StrictSlackOptions) {
    this.botToken = options.botToken ?? 'xoxb-strict-slack';
    this.appToken = options.appToken ?? 'xapp-strict-slack';
    this.signingSecret = options.signingSecret ?? '5f1c0de5f1c0de5f1c0de5f1c0de5f1c';
    this.#baseNow = options.now ?? Date.now;
    this.#directory = new Directory(options);
    this.#scopes = new Set(options.scopes ?? DEFAULT_SCOPES);
    const now = () => this.now();
    const changed = () => this.#changed();
    const baseUrl = () => this.#http.baseUrl;
    this.#messages = new Messages(now, changed);
    const [directory, messages, log] = [this.#directory, this.#messages, this.#log];
    const state: State = { directory, messages, log, scopes: this.#scopes, enterprise: options.enterprise, now };
    this.#urls = new ResponseUrls(state, baseUrl);
    const { botToken, appToken, signingSecret } = this;
    const { ackLimitMs = 3_000, closeAfterMs = 10_000, redelivers = false, keepsTcpOpen = false } = options;
    this.sockets = new SocketMode({ log, ackLimitMs, closeAfterMs, redelivers, keepsTcpOpen, baseUrl, changed });
    this.requestUrl = new RequestUrl({ log, ackLimitMs, signingSecret, changed });
    const way = () => (this.requestUrl.url === null ? this.sockets : this.requestUrl);
    this.#people = new People({ state, urls: this.#urls, deliver: (envelope) => way().deliver(envelope), changed });
    this.#api = new WebApi({ state, botToken, appToken, openConnection: () => this.sockets.openConnection() });
    this.#api.enforceRateLimits = options.rateLimits ?? false;
    this.#http = new HttpSide({
      api: (method, args, token) => this.#api.answer(method, args, token),
      responseUrl: (path, body) => this.#urls.answer(path, body),
      upgrade: (request, raw, head) => this.sockets.upgrade(request, raw, head),
      now,
      changed,
    });
  }

  static async start(options: StrictSlackOptions = {}): Promise<StrictSlack> {
    const slack = new StrictSlack(options);
    await slack.#http.listen();
    return slack;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sockets.close();
    this.requestUrl.close();
    await this.#http.close();
  }

  /** For `clientOptions.slackApiUrl`. */
  get apiUrl(): string {
    return `${this.#http.baseUrl}/api/`;
  }

  // The workspace: change what these return to change the workspace.

  user(id: string): SlackUser {
    return this.#directory.user(id);
  }

  group(id: string): SlackGroup {
    return this.#directory.group(id);
  }

  channel(id: string): SlackChannel {
    return this.#directory.channel(id);
  }

  /** The direct message between a person and the bot. */
  directMessage(user: string): SlackChannel {
    return this.#directory.directMessage(user);
  }

  get scopes(): Set<string> {
    return this.#scopes;
  }

  set rateLimits(isOn: boolean) {
    this.#api.enforceRateLimits = isOn;
  }

  // Time.

  now(): number {
    return this.#baseNow() + this.#advancedMs;
  }

  /** Moves Slack's clock (ts, response_url lifetimes, rate limits), not the time given for an ack. */
  advance(ms: number): void {
    this.#advancedMs += ms;
    this.#changed();
  }

  // People.

  command(spec: CommandSpec): Delivery {
    return this.#people.command(spec);
  }

  press(spec: PressSpec): Delivery {
    return this.#people.press(spec);
  }

  pressRaw(spec: RawPressSpec): Delivery {
    return this.#people.pressRaw(spec);
  }

  /** Over sockets alone: over HTTP Slack delivers commands and presses once. */
  redeliver(delivery: Delivery): Delivery {
    if (this.requestUrl.url !== null) throw new Error('Slack does not deliver it again over HTTP');
    return this.#people.redeliver(delivery);
  }

  /** An admin deletes a message that everybody sees. */
  deleteMessage(ts: string): void {
    this.#people.deleteMessage(ts);
  }

  /** A reloaded client has lost its ephemeral messages. */
  reloadClient(user: string): void {
    this.#messages.forgetEphemerals(user);
  }

  // Sockets.

  get socketCount(): number {
    return this.sockets.connectionCount;
  }

  /** Waits until so many sockets have got their hello. */
  async connected(count = 1): Promise<void> {
    await this.waitFor(() => this.socketCount >= count, { what: `${count} connected sockets` });
  }

  /** Sends a disconnect frame to one socket, or to all. */
  disconnect(reason: DisconnectReason, socket?: number): void {
    this.sockets.disconnect(reason, socket);
  }

  /** Breaks the connection of one socket, or of all, without a word. */
  cut(socket?: number): void {
    this.sockets.cut(socket);
  }

  // Faults.

  /** All of Slack is away: connections are refused, sockets are broken. */
  async goDown(): Promise<void> {
    const closed = this.#http.close();
    this.sockets.cut();
    await closed;
  }

  async comeBack(): Promise<void> {
    await this.#http.reopen();
  }

  fail(spec: FaultSpec): FaultHandle {
    return this.#http.faults.add(spec);
  }

  // Eyes.

  /** What this person has on the screen in this channel, oldest first. Somebody outside it sees only what is for them alone. */
  messagesSeenBy(user: string, channel: string): MessageView[] {
    const isMember = this.channel(channel).members.has(user);
    const isSeen = (it: StoredMessage) => (it.ephemeralFor === undefined ? isMember : it.ephemeralFor === user);
    return this.#messages.visible(channel, isSeen).map(viewOf);
  }

  message(ts: string): MessageView | undefined {
    const stored = this.#messages.find(ts);
    return stored === undefined ? undefined : viewOf(stored);
  }

  /** What Slack itself told this person, e.g. `operation_timeout`. */
  noticesSeenBy(user: string): Notice[] {
    return this.#people.notices.filter((it) => it.user === user);
  }

  /** Every request the app made, in order. */
  get calls(): readonly ApiCall[] {
    return this.#http.calls;
  }

  get violations(): readonly Violation[] {
    return this.#log.entries;
  }

  callsTo(method: string): ApiCall[] {
    return this.calls.filter((it) => it.method === method);
  }

  /** Waits until the condition is truthy (throwing counts as not yet) and returns its value; looks again at every change. */
  async waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions = {}): Promise<Truthy<T>> {
    const describe = () => this.describe();
    return waitUntil({ condition, options, describe, events: this.#events });
  }

  /** What everybody sees, in words, for a failing test. */
  describe(): string {
    return describeSlack({
      directory: this.#directory,
      seenBy: (user, channel) => this.messagesSeenBy(user, channel),
      notices: this.#people.notices,
      calls: this.calls,
      violations: this.violations,
    });
  }

  #changed(): void {
    this.#events.emit('change');
  }
}
