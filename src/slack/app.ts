import { setMaxListeners } from 'node:events';
import { App, LogLevel, type Receiver, webApi } from '@slack/bolt';
import type { Logger, UseCaseContext } from '../application/context.ts';
import { updateHomes } from '../application/home.ts';
import type { Notifier } from '../application/ports.ts';
import type { Policy } from '../domain/authorization.ts';
import type { OnCallRule } from '../domain/on-call.ts';
import type { RefusalCode } from '../domain/refusal.ts';
import { withTimeout } from '../lib/async.ts';
import { serializeError } from '../logging/serialize-error.ts';
import { createWebClientOptions, instrumentedFetch, type OnCall, withAbortSignal } from './api-calls.ts';
import { createAuthorizer } from './authorizer.ts';
import { boltLogger } from './bolt-logger.ts';
import type { ListenerContext, TraceRequest } from './listeners/listener.ts';
import { registerListeners } from './listeners/routes.ts';
import { type AlertNotifierOptions, notifyAlerts } from './notifier/alert-notifier.ts';
import { type BatchNotifierOptions, notifyBatch } from './notifier/batch-notifier.ts';
import { type DigestNotifierOptions, notifyDigest } from './notifier/digest-notifier.ts';
import { type HomeNotifierOptions, notifyHome, notifyHomes } from './notifier/home-notifier.ts';
import { notifyObservation, type ObservationNotifierOptions } from './notifier/observation-notifier.ts';
import { createOperationNotifier, type OperationNotifierOptions } from './notifier/operation-notifier.ts';
import { createHttpReceiver } from './receivers/http.ts';
import type { OnRequestRejected, SlackReceiver, Transport } from './receivers/receiver.ts';
import { createSocketModeReceiver } from './receivers/socket-mode.ts';
import type { SlackConnectionError } from './slack-connection-error.ts';
import { toSlackConnectionError } from './slack-errors.ts';
import { createTimeZoneReader } from './time-zones.ts';
import { slackFormatter } from './views/mrkdwn.ts';

export interface SlackAppOptions {
  readonly botToken: string;
  readonly transport: Transport;
  /** `SLACK_API_URL`: the base URL of the Slack Web API, if it is not that of slack.com. */
  readonly apiUrl?: string | undefined;
  /** The slash command, such as `/sync`. */
  readonly command: string;
  /** The policy as it is stored now. `apply` can change it at any time. */
  readonly readPolicy: () => Promise<Policy>;
  /** `settings.showErrors` of syncbot.yml, as it is now. */
  readonly showErrors: () => boolean;
  /** `policy.onCall` of syncbot.yml, as it is now. */
  readonly onCallRules: () => readonly OnCallRule[];
  readonly context: UseCaseContext;
  readonly log: Logger;
  /** Called once when Slack revokes the app token. The bot receives nothing from then on. */
  readonly onAuthError: (error: SlackConnectionError) => void;
  /** Called for every request that is rejected before it reaches a listener. */
  readonly onRequestRejected?: OnRequestRejected | undefined;
  /** Called for each call to Slack. */
  readonly onCall?: OnCall;
  /** Called for each refusal. */
  readonly onRefusal?: (code: RefusalCode) => void;
  /** Runs each request in a trace. Default: without traces. */
  readonly traceRequest?: TraceRequest;
}

export interface SlackApp {
  /** Resolves when Slack can reach the bot. Throws `SlackConnectionError`; then it may be called again. */
  start(): Promise<void>;
  /** Receives no further request, then waits up to 4 s for the running listeners. Never throws. */
  stop(): Promise<void>;
  /** Whether Slack can reach the bot now. */
  isConnected(): boolean;
  /** The only writer of outcome and alert messages. It works before `start` and without a socket. */
  readonly notifier: Notifier;
}

const drainTimeoutMs = 4_000;

/** The bot's Slack side: receiver, listeners and notifier. Connects nothing before `start()`. */
export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { botToken, command, context, log } = options;
  const format = slackFormatter(command);
  const client = new webApi.WebClient(botToken, createWebClientOptions(options, 1));
  const stopping = new AbortController();
  // Every listener that waits for a claim listens to this signal.
  setMaxListeners(0, stopping.signal);
  const inFlight = new Set<Promise<void>>();
  let installedTeam = '';
  const readTimeZone = createTimeZoneReader({ client, log, monotonicNow: () => context.clock.monotonicNow() });
  let receiver: SlackReceiver | null = null;
  const authorizer = createAuthorizer({
    client,
    log,
    readPolicy: options.readPolicy,
    installedTeam: () => installedTeam,
    monotonicNow: () => context.clock.monotonicNow(),
  });
  const { onRequestRejected, onRefusal } = options;
  const responseUrlFetch = instrumentedFetch(options.onCall, 'response_url');
  const { signal } = stopping;
  const listenerContext: ListenerContext = {
    ...context,
    log,
    client,
    authorizer,
    readTimeZone,
    format,
    // Each request copies the context, and so reads the current value.
    get showErrors() {
      return options.showErrors();
    },
    responseUrlFetch,
    onRequestRejected,
    onRefusal,
    traceRequest: options.traceRequest,
    stopSignal: signal,
  };

  return {
    async start() {
      // `stop` cancels the calls of `start`.
      const startClientOptions = withAbortSignal(createWebClientOptions(options, 0), stopping.signal);
      const authTest = await new webApi.WebClient(botToken, startClientOptions).auth.test().catch((error: unknown) => {
        throw toSlackConnectionError(error, 'bot');
      });
      installedTeam = authTest.team_id ?? '';
      const newReceiver = createReceiver(options, startClientOptions);
      const app = createBoltApp(options, newReceiver.boltReceiver, authTest);
      trackInFlight(app, inFlight);
      registerListeners(app, command, listenerContext);
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
        .catch((error: unknown) => log.warn({ error: serializeError(error) }, 'Slack receiver not closed'));
      await withTimeout(Promise.all(inFlight), drainTimeoutMs);
    },
    isConnected: () => receiver?.isReady ?? false,
    notifier: createNotifier({
      client: new webApi.WebClient(botToken, createWebClientOptions(options, 0)),
      shownDialogs: new Map(),
      projects: context.projects,
      operations: context.operations,
      batches: context.batches,
      jobs: context.jobs,
      alerts: context.alerts,
      alertGroups: context.alertGroups,
      get groupTimes() {
        const { alertGroupWaitMs, alertGroupIntervalMs } = context.settings;
        return { waitMs: alertGroupWaitMs, intervalMs: alertGroupIntervalMs };
      },
      get channelsWithoutButtons() {
        return context.settings.channelsWithoutButtons;
      },
      observations: context.observations,
      homes: context.homes,
      authorizer,
      auditLog: context.auditLog,
      digests: context.digests,
      settings: context.settings,
      notifications: context.notifications,
      serverClock: context.serverClock,
      responseUrlFetch,
      format,
      get showErrors() {
        return options.showErrors();
      },
      get onCallRules() {
        return options.onCallRules();
      },
      log,
    }),
  };
}

type NotifierOptions = OperationNotifierOptions &
  BatchNotifierOptions &
  AlertNotifierOptions &
  ObservationNotifierOptions &
  HomeNotifierOptions &
  DigestNotifierOptions;

function createNotifier(options: NotifierOptions): Notifier {
  const notifyOperation = createOperationNotifier(options);
  return {
    notifyOperation: (ref) => thenUpdateHomes(options, () => notifyOperation(ref)),
    notifyBatch: (id) => thenUpdateHomes(options, () => notifyBatch(options, id)),
    notifyAlerts: (channel) => thenUpdateHomes(options, () => notifyAlerts(options, channel)),
    notifyObservation: () => thenUpdateHomes(options, () => notifyObservation(options)),
    notifyHome: (user) => notifyHome(options, user),
    notifyHomes: () => notifyHomes(options),
    notifyDigest: (channel) => notifyDigest(options, channel),
  };
}

/** Notifies people, then updates the Homes. Also updates them if Slack did not accept the message. */
async function thenUpdateHomes(options: HomeNotifierOptions, notify: () => Promise<void>): Promise<void> {
  try {
    await notify();
  } finally {
    await updateHomes(options);
  }
}

/** Lets `stop` wait for listeners that have acknowledged and still run. */
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
        host: transport.host,
        log,
        onRequestRejected,
      });
    default:
      return transport satisfies never;
  }
}

/** Bolt gets the ids of `auth.test`, so that it does not call Slack before a listener runs. */
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
