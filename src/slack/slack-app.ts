import { App, LogLevel, type Receiver, webApi } from '@slack/bolt';
import type { Deps, Log } from '../application/deps.ts';
import type { Teller } from '../application/ports.ts';
import { within } from '../application/within.ts';
import { loggedFault } from '../domain/logged-fault.ts';
import type { Policy } from '../domain/policy.ts';
import type { RefusalCode } from '../domain/refusal.ts';
import { boltLogger } from './bolt-logger.ts';
import { type OnCall, toldFetch } from './calls.ts';
import { actionIds, askActionId, pageActionId, readCommand, readPress, staleActionId } from './contract.ts';
import { createDirectory } from './directory.ts';
import type { Door } from './door.ts';
import { onCancel, onOk } from './handlers/answer.ts';
import { onCommand, onOtherCommand } from './handlers/command.ts';
import type { Desk } from './handlers/desk.ts';
import { listen } from './handlers/listen.ts';
import { onAsk, onPage, onShow } from './handlers/press.ts';
import { sayStale } from './handlers/stale.ts';
import { createHttpDoor } from './http-door.ts';
import { slackVoice } from './mrkdwn.ts';
import { type SlackRefused, startFault } from './refused.ts';
import type { OnRejected } from './rejection.ts';
import { createSocketDoor } from './socket-door.ts';
import { createTeller } from './teller.ts';
import { clientOptions, endedBy } from './web-client.ts';

export interface SlackAppOptions {
  readonly botToken: string;
  readonly way: Way;
  /** Another Slack than slack.com, as the local one: `SLACK_API_URL`. */
  readonly apiUrl?: string | undefined;
  /** The slash command, such as `/sync`. */
  readonly command: string;
  readonly policy: Policy;
  /** `settings.showErrors` of syncbot.yml. */
  readonly showErrors: boolean;
  readonly deps: Deps;
  readonly log: Log;
  /** Called once when Slack takes the app token no more while running; the bot hears nothing from then on. */
  readonly onLost: (fault: SlackRefused) => void;
  /** Called for every request that gets nothing done for what it is or whom it comes from. */
  readonly onRejected?: OnRejected | undefined;
  /** Is told of each call to Slack. */
  readonly onCall?: OnCall;
  /** Is told that somebody was refused, and why. */
  readonly onRefused?: (code: RefusalCode) => void;
}

/** How Slack reaches the bot. */
export type Way =
  | { readonly kind: 'socket'; readonly appToken: string }
  /** `port` 0: a free one, which the log line names. */
  | { readonly kind: 'http'; readonly signingSecret: string; readonly port: number };

export interface SlackApp {
  /** Resolves when Slack can reach the bot; throws SlackRefused, with one sentence for people. May be called again then. */
  start(): Promise<void>;
  /** Hears nothing new, then waits for what is under way, 4 s at most. Never throws. */
  stop(): Promise<void>;
  /** Whether Slack can reach the bot now. */
  isConnected(): boolean;
  /** The one writer of outcome messages; works from the start, without a socket. */
  readonly teller: Teller;
}

const drainMs = 4_000;

/** The bot's ear and mouth in Slack. Nothing is connected before `start()`. */
export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { botToken, command, deps, log } = options;
  const voice = slackVoice(command);
  const client = new webApi.WebClient(botToken, clientOptions(options, 1));
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  let installedTeam = '';
  let door: Door | null = null;
  const directory = createDirectory({
    client,
    log,
    policy: options.policy,
    installedTeam: () => installedTeam,
    now: () => deps.clock.now(),
  });
  const { showErrors, onRejected, onRefused } = options;
  const respondWith = toldFetch(options.onCall, 'response_url');
  const { signal } = stopping;
  const desk: Desk = { deps, directory, voice, showErrors, respondWith, onRejected, onRefused, stopping: signal };

  return {
    async start() {
      // No call of a start outlives the stop. Whoever starts tries again.
      const starting = endedBy(clientOptions(options, 0), stopping.signal);
      const self = await new webApi.WebClient(botToken, starting).auth.test().catch((error: unknown) => {
        throw startFault(error, 'bot');
      });
      installedTeam = self.team_id ?? '';
      const opening = createDoor(options, starting);
      const app = boltApp(options, opening.receiver, self);
      track(app, inFlight);
      register(app, command, desk);
      await app.init();
      stopping.signal.throwIfAborted();
      door = opening;
      await door.open();
      log.info({ team: installedTeam, command, way: options.way.kind }, 'connected to Slack');
    },
    async stop() {
      stopping.abort();
      await door?.close().catch((error: unknown) => log.warn({ error: loggedFault(error) }, 'Slack not closed well'));
      await within(Promise.all(inFlight), drainMs);
    },
    isConnected: () => door?.isOpen ?? false,
    teller: createTeller({
      slack: new webApi.WebClient(botToken, clientOptions(options, 0)),
      store: deps.store,
      respondWith,
      voice,
      showErrors,
      log,
    }),
  };
}

/** Who hears what. Bolt runs every listener that matches, so the last ones of each kind leave out the live names. */
function register(app: App, command: string, desk: Desk): void {
  app.command(command, listen(desk, readCommand, onCommand));
  app.command(allBut(command), listen(desk, readCommand, onOtherCommand));
  app.action(actionIds.ok, listen(desk, readPress, onOk, 'harmless'));
  app.action(actionIds.cancel, listen(desk, readPress, onCancel, 'harmless'));
  app.action(actionIds.show, listen(desk, readPress, onShow));
  app.action(askActionId, listen(desk, readPress, onAsk));
  app.action(pageActionId, listen(desk, readPress, onPage));
  app.action(staleActionId, listen(desk, readPress, sayStale));
  app.error(async (error) => desk.deps.log.error({ error: loggedFault(error) }, 'Bolt could not handle a request'));
}

/** No listener of ours throws or is left behind: `stop` waits for those that acked and are still at work. */
function track(app: App, inFlight: Set<Promise<void>>): void {
  app.use(async ({ next }) => {
    const work = next();
    const entry = work.catch(() => {}).finally(() => inFlight.delete(entry));
    inFlight.add(entry);
    await work;
  });
}

function createDoor({ way, log, onLost, onRejected }: SlackAppOptions, calls: webApi.WebClientOptions): Door {
  switch (way.kind) {
    case 'socket':
      return createSocketDoor({ appToken: way.appToken, calls, log, onLost });
    case 'http':
      return createHttpDoor({ signingSecret: way.signingSecret, port: way.port, log, onRejected });
    default:
      return way satisfies never;
  }
}

/** With the ids of auth.test at hand Bolt calls nothing before a listener runs. */
function boltApp(options: SlackAppOptions, receiver: Receiver, self: webApi.AuthTestResponse): App {
  return new App({
    token: options.botToken,
    receiver,
    logger: boltLogger(options.log),
    logLevel: LogLevel.WARN,
    clientOptions: clientOptions(options, 1),
    deferInitialization: true,
    tokenVerificationEnabled: false,
    convoStore: false,
    ...(self.bot_id === undefined ? {} : { botId: self.bot_id }),
    ...(self.user_id === undefined ? {} : { botUserId: self.user_id }),
  });
}

function allBut(command: string): RegExp {
  return new RegExp(`^(?!${command.replace(/[^\w/]/g, '\\$&')}$)`);
}
