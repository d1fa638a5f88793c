import { App, LogLevel, type Receiver, webApi } from '@slack/bolt';
import type { Logger, UseCaseContext } from '../application/context.ts';
import type { Notifier } from '../application/ports.ts';
import type { Policy } from '../domain/policy.ts';
import type { RefusalCode } from '../domain/refusal.ts';
import { withTimeout } from '../lib/async.ts';
import { serializeError } from '../logging/serialize-error.ts';
import { instrumentedFetch, type OnCall } from './api-calls.ts';
import { createAuthorizer } from './authorizer.ts';
import { boltLogger } from './bolt-logger.ts';
import {
  actionIds,
  outdatedActionIdPattern,
  pageActionIdPattern,
  readBlockAction,
  readSlashCommand,
  requestActionIdPattern,
} from './contract.ts';
import { onPage, onRequestAction, onShow } from './listeners/actions.ts';
import { onCommand, onOtherCommand } from './listeners/commands.ts';
import { onCancel, onOk } from './listeners/confirmation.ts';
import { createListener, type ListenerContext, respondOutdatedButton } from './listeners/listener.ts';
import { createNotifier } from './notifier/operation-notifier.ts';
import { createHttpReceiver } from './receivers/http.ts';
import type { SlackReceiver } from './receivers/receiver.ts';
import type { OnRequestRejected } from './receivers/rejection.ts';
import { createSocketModeReceiver } from './receivers/socket-mode.ts';
import { type SlackConnectionError, toSlackConnectionError } from './slack-errors.ts';
import { slackFormatter } from './views/mrkdwn.ts';
import { createWebClientOptions, withAbortSignal } from './web-client.ts';

export interface SlackAppOptions {
  readonly botToken: string;
  readonly transport: Transport;
  /** Another Slack than slack.com, as the local one: `SLACK_API_URL`. */
  readonly apiUrl?: string | undefined;
  /** The slash command, such as `/sync`. */
  readonly command: string;
  readonly policy: Policy;
  /** `settings.showErrors` of syncbot.yml. */
  readonly showErrors: boolean;
  readonly deps: UseCaseContext;
  readonly log: Logger;
  /** Called once when Slack takes the app token no more while running; the bot hears nothing from then on. */
  readonly onAuthError: (error: SlackConnectionError) => void;
  /** Called for every request that gets nothing done for what it is or whom it comes from. */
  readonly onRequestRejected?: OnRequestRejected | undefined;
  /** Is told of each call to Slack. */
  readonly onCall?: OnCall;
  /** Is told that somebody was refused, and why. */
  readonly onRefusal?: (code: RefusalCode) => void;
}

/** How Slack reaches the bot. */
export type Transport =
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
  readonly notifier: Notifier;
}

const drainTimeoutMs = 4_000;

/** The bot's ear and mouth in Slack. Nothing is connected before `start()`. */
export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { botToken, command, deps, log } = options;
  const format = slackFormatter(command);
  const client = new webApi.WebClient(botToken, createWebClientOptions(options, 1));
  const stopping = new AbortController();
  const inFlight = new Set<Promise<void>>();
  let installedTeam = '';
  let receiver: SlackReceiver | null = null;
  const authorizer = createAuthorizer({
    client,
    log,
    policy: options.policy,
    installedTeam: () => installedTeam,
    now: () => deps.clock.now(),
  });
  const { showErrors, onRequestRejected, onRefusal } = options;
  const responseUrlFetch = instrumentedFetch(options.onCall, 'response_url');
  const { signal } = stopping;
  const context: ListenerContext = {
    deps,
    authorizer,
    format,
    showErrors,
    responseUrlFetch,
    onRequestRejected,
    onRefusal,
    stopSignal: signal,
  };

  return {
    async start() {
      // No call of a start outlives the stop. Whoever starts tries again.
      const startClientOptions = withAbortSignal(createWebClientOptions(options, 0), stopping.signal);
      const authTest = await new webApi.WebClient(botToken, startClientOptions).auth.test().catch((error: unknown) => {
        throw toSlackConnectionError(error, 'bot');
      });
      installedTeam = authTest.team_id ?? '';
      const newReceiver = createReceiver(options, startClientOptions);
      const app = createBoltApp(options, newReceiver.boltReceiver, authTest);
      trackInFlight(app, inFlight);
      registerListeners(app, command, context);
      await app.init();
      stopping.signal.throwIfAborted();
      receiver = newReceiver;
      await receiver.start();
      log.info({ team: installedTeam, command, transport: options.transport.kind }, 'connected to Slack');
    },
    async stop() {
      stopping.abort();
      await receiver
        ?.stop()
        .catch((error: unknown) => log.warn({ error: serializeError(error) }, 'Slack not closed well'));
      await withTimeout(Promise.all(inFlight), drainTimeoutMs);
    },
    isConnected: () => receiver?.isConnected ?? false,
    notifier: createNotifier({
      client: new webApi.WebClient(botToken, createWebClientOptions(options, 0)),
      projects: deps.projects,
      operations: deps.operations,
      alerts: deps.alerts,
      serverClock: deps.serverClock,
      responseUrlFetch,
      format,
      showErrors,
      log,
    }),
  };
}

/** Who hears what. Bolt runs every listener that matches, so the last ones of each kind leave out the live names. */
function registerListeners(app: App, command: string, context: ListenerContext): void {
  app.command(command, createListener(context, readSlashCommand, onCommand));
  app.command(exceptCommand(command), createListener(context, readSlashCommand, onOtherCommand));
  app.action(actionIds.ok, createListener(context, readBlockAction, onOk, 'harmless'));
  app.action(actionIds.cancel, createListener(context, readBlockAction, onCancel, 'harmless'));
  app.action(actionIds.show, createListener(context, readBlockAction, onShow));
  app.action(requestActionIdPattern, createListener(context, readBlockAction, onRequestAction));
  app.action(pageActionIdPattern, createListener(context, readBlockAction, onPage));
  app.action(outdatedActionIdPattern, createListener(context, readBlockAction, respondOutdatedButton));
  app.error(async (error) =>
    context.deps.log.error({ error: serializeError(error) }, 'Bolt could not handle a request'),
  );
}

/** No listener of ours throws or is left behind: `stop` waits for those that acked and are still at work. */
function trackInFlight(app: App, inFlight: Set<Promise<void>>): void {
  app.use(async ({ next }) => {
    const work = next();
    const entry = work.catch(() => {}).finally(() => inFlight.delete(entry));
    inFlight.add(entry);
    await work;
  });
}

function createReceiver(
  { transport, log, onAuthError, onRequestRejected }: SlackAppOptions,
  webClientOptions: webApi.WebClientOptions,
): SlackReceiver {
  switch (transport.kind) {
    case 'socket':
      return createSocketModeReceiver({ appToken: transport.appToken, webClientOptions, log, onAuthError });
    case 'http':
      return createHttpReceiver({
        signingSecret: transport.signingSecret,
        port: transport.port,
        log,
        onRequestRejected,
      });
    default:
      return transport satisfies never;
  }
}

/** With the ids of auth.test at hand Bolt calls nothing before a listener runs. */
function createBoltApp(options: SlackAppOptions, receiver: Receiver, authTest: webApi.AuthTestResponse): App {
  return new App({
    token: options.botToken,
    receiver,
    logger: boltLogger(options.log),
    logLevel: LogLevel.WARN,
    clientOptions: createWebClientOptions(options, 1),
    deferInitialization: true,
    tokenVerificationEnabled: false,
    convoStore: false,
    ...(authTest.bot_id === undefined ? {} : { botId: authTest.bot_id }),
    ...(authTest.user_id === undefined ? {} : { botUserId: authTest.user_id }),
  });
}

function exceptCommand(command: string): RegExp {
  return new RegExp(`^(?!${command.replace(/[^\w/]/g, '\\$&')}$)`);
}
