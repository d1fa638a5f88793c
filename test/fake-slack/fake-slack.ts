import { EventEmitter } from 'node:events';
import { type Truthy, type WaitOptions, waitFor } from '../support/wait-for.ts';
import { Deliveries, type Delivery, type EventDelivery } from './deliveries.ts';
import { describeWorkspace } from './describe-workspace.ts';
import {
  type CommandSpec,
  FakeUsers,
  type ForgedPressSpec,
  type Mention,
  type MentionSpec,
  type PressSpec,
  type SelectSpec,
  type ShortcutSpec,
} from './fake-users.ts';
import type { FaultHandle, FaultSpec } from './fault-injection.ts';
import { FakeSlackHttpServer } from './http-server.ts';
import { Messages, type StoredMessage, toView } from './messages.ts';
import { defaultScopes, type FakeSlackOptions } from './options.ts';
import { RequestUrl } from './request-url.ts';
import { ResponseUrls } from './response-urls.ts';
import { type DisconnectReason, SocketMode } from './socket-mode.ts';
import type { FakeSlackState } from './state.ts';
import { TriggerIds } from './trigger-ids.ts';
import type { ApiCall, ClientError, MessageView, SlackChannel, SlackGroup, SlackUser } from './types.ts';
import { ViewUsers } from './view-users.ts';
import { Views } from './views.ts';
import { type Violation, ViolationLog } from './violations.ts';
import { canSee, isOnlyInThread } from './visibility.ts';
import { WebApi } from './web-api.ts';
import { botUserId, Workspace } from './workspace.ts';

/**
 * A strict fake of Slack: a server with Slack's Web API, Socket Mode and response URLs that enforces Slack's rules. It records
 * what breaks a rule in `violations`. One instance is one workspace with the app installed.
 */
export class FakeSlack implements AsyncDisposable {
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  /** The app is in HTTP mode when its `url` is set. */
  readonly requestUrl: RequestUrl;
  readonly botUserId = botUserId;
  readonly #workspace: Workspace;
  readonly #messages: Messages;
  readonly #violations = new ViolationLog();
  readonly #state: FakeSlackState;
  /** Slack's side of Socket Mode. */
  readonly sockets: SocketMode;
  readonly #responseUrls: ResponseUrls;
  readonly #deliveries: Deliveries;
  readonly #users: FakeUsers;
  /** The users in their modals and Homes. */
  readonly views: ViewUsers;
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
    this.#scopes = new Set(options.scopes ?? defaultScopes);
    const now = () => this.now();
    const onChange = () => this.#changed();
    const baseUrl = () => this.#http.baseUrl;
    this.#messages = new Messages(now, onChange);
    const log = this.#violations;
    const { triggerLifetimeMs = 3_000, hasHomeTab = true } = options;
    const state = {
      views: new Views(now, onChange),
      triggers: new TriggerIds({ lifetimeMs: triggerLifetimeMs, now }),
      hasHomeTab,
      workspace: this.#workspace,
      messages: this.#messages,
      violations: log,
      scopes: this.#scopes,
      enterprise: options.enterprise,
      now,
    };
    this.#state = state;
    this.#responseUrls = new ResponseUrls(state, baseUrl);
    const { botToken, appToken, signingSecret } = this;
    const { ackLimitMs = 3_000, closeDelayMs = 10_000, redeliverOnClose = false, keepTcpOpen = false } = options;
    this.sockets = new SocketMode({ log, ackLimitMs, closeDelayMs, redeliverOnClose, keepTcpOpen, baseUrl, onChange });
    this.requestUrl = new RequestUrl({ log, ackLimitMs, signingSecret, onChange });
    const transport = () => (this.requestUrl.url === null ? this.sockets : this.requestUrl);
    const { transmit = (envelope) => transport().deliver(envelope) } = options;
    this.#deliveries = new Deliveries({ state, transmit, onChange });
    this.views = new ViewUsers(state, this.#deliveries);
    this.#users = new FakeUsers({ state, responseUrls: this.#responseUrls, deliveries: this.#deliveries });
    const { messageBurst = 1 } = options;
    const issueSocketUrl = () => this.sockets.issueSocketUrl();
    this.#api = new WebApi({ state, botToken, appToken, messageBurst, issueSocketUrl });
    this.#api.enforceRateLimits = options.rateLimits ?? false;
    this.#http = new FakeSlackHttpServer({
      api: (method, args, token) => this.#api.handle(method, args, token),
      responseUrl: (path, body) => this.#responseUrls.handle(path, body),
      upgrade: (request, tcpSocket, head) => this.sockets.upgrade(request, tcpSocket, head),
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

  /** The value of `SLACK_API_URL` for the app. */
  get apiUrl(): string {
    return `${this.#http.baseUrl}/api/`;
  }

  // Workspace. Tests change it by changing the returned objects.

  user(id: string): SlackUser {
    return this.#workspace.user(id);
  }

  group(id: string): SlackGroup {
    return this.#workspace.group(id);
  }

  channel(id: string): SlackChannel {
    return this.#workspace.channel(id);
  }

  /** The direct message between a user and the bot. */
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

  /** Advances Slack's clock: ts, response_url lifetimes and rate limits. The time limit of acks is real time. */
  advanceClock(ms: number): void {
    this.#advancedMs += ms;
    this.#changed();
  }

  // Users.

  command(spec: CommandSpec): Delivery {
    return this.#users.command(spec);
  }

  mention(spec: MentionSpec): Mention {
    return this.#users.mention(spec);
  }

  openShortcut(spec: ShortcutSpec): Delivery {
    return this.#users.openShortcut(spec);
  }

  press(spec: PressSpec): Delivery {
    return this.#users.press(spec);
  }

  select(spec: SelectSpec): Delivery {
    return this.#users.select(spec);
  }

  pressForged(spec: ForgedPressSpec): Delivery {
    return this.#users.pressForged(spec);
  }

  /** Socket Mode only: over HTTP Slack delivers commands and interactions once. */
  redeliver<Repeated extends EventDelivery>(delivery: Repeated): Repeated {
    if (this.requestUrl.url !== null) throw new Error('Slack does not redeliver over HTTP');
    return this.#deliveries.redeliver(delivery);
  }

  /** Repeats an event, in Socket Mode and over HTTP. */
  retryEvent(delivery: EventDelivery): EventDelivery {
    return this.#deliveries.retryEvent(delivery);
  }

  /** An admin deletes a message that is not ephemeral. */
  deleteMessage(ts: string): void {
    this.#users.deleteMessage(ts);
  }

  /** The user's client loses its ephemeral messages. */
  reloadClient(user: string): void {
    this.#messages.deleteEphemeralsOf(user);
  }

  // Sockets.

  get socketCount(): number {
    return this.sockets.socketCount;
  }

  /** Waits until so many sockets have their hello. */
  async waitForSockets(count = 1): Promise<void> {
    await this.waitFor(() => this.socketCount >= count, { description: `${count} connected sockets` });
  }

  /** Sends a disconnect frame to one socket, or to all. */
  announceDisconnect(reason: DisconnectReason, socket?: number): void {
    this.sockets.announceDisconnect(reason, socket);
  }

  /** Breaks the TCP connection of one socket, or of all, without a close frame. */
  terminateSocket(socket?: number): void {
    this.sockets.terminateSocket(socket);
  }

  // Faults.

  /** Slack is down: it refuses connections and breaks all sockets. */
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

  // Inspection.

  /** The messages that this user sees in this channel, oldest first, without replies that are only in a thread. */
  messagesVisibleTo(user: string, channel: string): MessageView[] {
    const isVisible = (message: StoredMessage) => canSee(this.#state, user, message) && !isOnlyInThread(message);
    return this.#messages.visibleIn(channel, isVisible).map(toView);
  }

  /** A thread as this user sees it: its parent and the replies, oldest first. */
  threadVisibleTo(user: string, channel: string, threadTs: string): MessageView[] {
    const isInThread = ({ ts, threadTs: parentTs }: StoredMessage) => ts === threadTs || parentTs === threadTs;
    return this.#messages
      .visibleIn(channel, (message) => isInThread(message) && canSee(this.#state, user, message))
      .map(toView);
  }

  /** The replies of the bot in the threads of a channel, oldest first. */
  threadReplies(channel: string): MessageView[] {
    return this.#messages
      .visibleIn(channel, ({ via, threadTs }) => via === 'chat.postMessage' && threadTs !== undefined)
      .map(toView);
  }

  findMessage(ts: string): MessageView | undefined {
    const storedMessage = this.#messages.find(ts);
    return storedMessage === undefined ? undefined : toView(storedMessage);
  }

  /** The errors that Slack showed to this user, such as `operation_timeout`. */
  clientErrorsOf(user: string): ClientError[] {
    return this.#deliveries.clientErrors.filter((error) => error.user === user);
  }

  /** Every call of the app, oldest first. */
  get calls(): readonly ApiCall[] {
    return this.#http.calls;
  }

  get violations(): readonly Violation[] {
    return this.#violations.entries;
  }

  callsTo(method: string): ApiCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  /** As `waitFor`, but checks the condition also at every change, and describes the workspace when it fails. */
  waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions = {}): Promise<Truthy<T>> {
    return waitFor(condition, { ...options, changes: this.#events, describeState: () => this.describe() });
  }

  /** Describes the workspace for the error of a failed test. */
  describe(): string {
    return describeWorkspace({
      workspace: this.#workspace,
      visibleTo: (user, channel) => this.messagesVisibleTo(user, channel),
      views: [...this.#workspace.users.keys()].flatMap((user) =>
        [this.views.modalOf(user), this.views.homeOf(user)].filter((view) => view !== undefined),
      ),
      clientErrors: this.#deliveries.clientErrors,
      calls: this.calls,
      violations: this.violations,
    });
  }

  #changed(): void {
    this.#events.emit('change');
  }
}
