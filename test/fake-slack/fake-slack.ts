import { EventEmitter } from 'node:events';
import { describeWorkspace } from './describe-workspace.ts';
import { type CommandSpec, type Delivery, FakeUsers, type ForgedPressSpec, type PressSpec } from './fake-users.ts';
import type { FaultHandle, FaultSpec } from './fault-injection.ts';
import { FakeSlackHttpServer } from './http-server.ts';
import { Messages, type StoredMessage, toView } from './messages.ts';
import { DEFAULT_SCOPES, type FakeSlackOptions } from './options.ts';
import { RequestUrl } from './request-url.ts';
import { ResponseUrls } from './response-urls.ts';
import { type DisconnectReason, SocketMode } from './socket-mode.ts';
import type { FakeSlackState } from './state.ts';
import type { ApiCall, ClientError, MessageView, SlackChannel, SlackGroup, SlackUser, Violation } from './types.ts';
import { ViolationLog } from './violation-log.ts';
import { type Truthy, type WaitUntilOptions, waitUntil } from './wait-until.ts';
import { WebApi } from './web-api.ts';
import { BOT_USER_ID, Workspace } from './workspace.ts';

/** Slack at its wire, with its rules enforced. One instance is one workspace with the app installed. */
export class FakeSlack implements AsyncDisposable {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** HTTP mode, once its `url` is set. */
  readonly requestUrl: RequestUrl;
  readonly botUserId = BOT_USER_ID;
  readonly #workspace: Workspace;
  readonly #messages: Messages;
  readonly #violations = new ViolationLog();
  /** Slack's end of the sockets, for what goes wrong with them. */
  readonly sockets: SocketMode;
  readonly #responseUrls: ResponseUrls;
  readonly #users: FakeUsers;
  readonly #api: WebApi;
  readonly #http: FakeSlackHttpServer;
  readonly #scopes: Set<string>;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #baseNow: () => number;
  #advancedMs = 0;

  private constructor(options: FakeSlackOptions) {
    this.botToken = options.botToken ?? 'xoxb-strict-slack';
    this.appToken = options.appToken ?? 'xapp-strict-slack';
    this.signingSecret = options.signingSecret ?? '5f1c0de5f1c0de5f1c0de5f1c0de5f1c';
    this.#baseNow = options.now ?? Date.now;
    this.#workspace = new Workspace(options);
    this.#scopes = new Set(options.scopes ?? DEFAULT_SCOPES);
    const now = () => this.now();
    const onChange = () => this.#changed();
    const baseUrl = () => this.#http.baseUrl;
    this.#messages = new Messages(now, onChange);
    const [directory, messages, log] = [this.#workspace, this.#messages, this.#violations];
    const state: FakeSlackState = {
      workspace: directory,
      messages,
      violations: log,
      scopes: this.#scopes,
      enterprise: options.enterprise,
      now,
    };
    this.#responseUrls = new ResponseUrls(state, baseUrl);
    const { botToken, appToken, signingSecret } = this;
    const { ackLimitMs = 3_000, closeDelayMs = 10_000, redeliverOnClose = false, keepTcpOpen = false } = options;
    this.sockets = new SocketMode({ log, ackLimitMs, closeDelayMs, redeliverOnClose, keepTcpOpen, baseUrl, onChange });
    this.requestUrl = new RequestUrl({ log, ackLimitMs, signingSecret, onChange });
    const transport = () => (this.requestUrl.url === null ? this.sockets : this.requestUrl);
    this.#users = new FakeUsers({
      state,
      responseUrls: this.#responseUrls,
      deliver: (envelope) => transport().deliver(envelope),
      onChange,
    });
    this.#api = new WebApi({ state, botToken, appToken, issueSocketUrl: () => this.sockets.issueSocketUrl() });
    this.#api.enforceRateLimits = options.rateLimits ?? false;
    this.#http = new FakeSlackHttpServer({
      api: (method, args, token) => this.#api.handle(method, args, token),
      responseUrl: (path, body) => this.#responseUrls.handle(path, body),
      upgrade: (request, raw, head) => this.sockets.upgrade(request, raw, head),
      now,
      onChange,
    });
  }

  static async start(options: FakeSlackOptions = {}): Promise<FakeSlack> {
    const slack = new FakeSlack(options);
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
    return this.#workspace.user(id);
  }

  group(id: string): SlackGroup {
    return this.#workspace.group(id);
  }

  channel(id: string): SlackChannel {
    return this.#workspace.channel(id);
  }

  /** The direct message between a person and the bot. */
  directMessage(user: string): SlackChannel {
    return this.#workspace.directMessage(user);
  }

  get scopes(): Set<string> {
    return this.#scopes;
  }

  set rateLimitsEnabled(isEnabled: boolean) {
    this.#api.enforceRateLimits = isEnabled;
  }

  // Time.

  now(): number {
    return this.#baseNow() + this.#advancedMs;
  }

  /** Moves Slack's clock (ts, response_url lifetimes, rate limits), not the time given for an ack. */
  advanceClock(ms: number): void {
    this.#advancedMs += ms;
    this.#changed();
  }

  // People.

  command(spec: CommandSpec): Delivery {
    return this.#users.command(spec);
  }

  press(spec: PressSpec): Delivery {
    return this.#users.press(spec);
  }

  pressForged(spec: ForgedPressSpec): Delivery {
    return this.#users.pressForged(spec);
  }

  /** Over sockets alone: over HTTP Slack delivers commands and presses once. */
  redeliver(delivery: Delivery): Delivery {
    if (this.requestUrl.url !== null) throw new Error('Slack does not deliver it again over HTTP');
    return this.#users.redeliver(delivery);
  }

  /** An admin deletes a message that everybody sees. */
  deleteMessage(ts: string): void {
    this.#users.deleteMessage(ts);
  }

  /** A reloaded client has lost its ephemeral messages. */
  reloadClient(user: string): void {
    this.#messages.forgetEphemerals(user);
  }

  // Sockets.

  get socketCount(): number {
    return this.sockets.socketCount;
  }

  /** Waits until so many sockets have got their hello. */
  async waitForSockets(count = 1): Promise<void> {
    await this.waitFor(() => this.socketCount >= count, { description: `${count} connected sockets` });
  }

  /** Sends a disconnect frame to one socket, or to all. */
  announceDisconnect(reason: DisconnectReason, socket?: number): void {
    this.sockets.announceDisconnect(reason, socket);
  }

  /** Breaks the connection of one socket, or of all, without a word. */
  terminateSocket(socket?: number): void {
    this.sockets.terminateSocket(socket);
  }

  // Faults.

  /** All of Slack is away: connections are refused, sockets are broken. */
  async goDown(): Promise<void> {
    const closed = this.#http.close();
    this.sockets.terminateSocket();
    await closed;
  }

  async recover(): Promise<void> {
    await this.#http.reopen();
  }

  injectFault(spec: FaultSpec): FaultHandle {
    return this.#http.faults.add(spec);
  }

  // Eyes.

  /** What this person has on the screen in this channel, oldest first. Somebody outside it sees only what is for them alone. */
  messagesVisibleTo(user: string, channel: string): MessageView[] {
    const isMember = this.channel(channel).members.has(user);
    const isVisible = (it: StoredMessage) => (it.ephemeralFor === undefined ? isMember : it.ephemeralFor === user);
    return this.#messages.visibleIn(channel, isVisible).map(toView);
  }

  findMessage(ts: string): MessageView | undefined {
    const storedMessage = this.#messages.find(ts);
    return storedMessage === undefined ? undefined : toView(storedMessage);
  }

  /** What Slack itself told this person, e.g. `operation_timeout`. */
  clientErrorsOf(user: string): ClientError[] {
    return this.#users.clientErrors.filter((it) => it.user === user);
  }

  /** Every request the app made, in order. */
  get calls(): readonly ApiCall[] {
    return this.#http.calls;
  }

  get violations(): readonly Violation[] {
    return this.#violations.entries;
  }

  callsTo(method: string): ApiCall[] {
    return this.calls.filter((it) => it.method === method);
  }

  /** Waits until the condition is truthy (throwing counts as not yet) and returns its value; looks again at every change. */
  async waitFor<T>(condition: () => T | Promise<T>, options: WaitUntilOptions = {}): Promise<Truthy<T>> {
    const describe = () => this.describe();
    return waitUntil({ condition, options, describe, events: this.#events });
  }

  /** What everybody sees, in words, for a failing test. */
  describe(): string {
    return describeWorkspace({
      workspace: this.#workspace,
      visibleTo: (user, channel) => this.messagesVisibleTo(user, channel),
      clientErrors: this.#users.clientErrors,
      calls: this.calls,
      violations: this.violations,
    });
  }

  #changed(): void {
    this.#events.emit('change');
  }
}
