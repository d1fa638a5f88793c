import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTPReceiver, LogLevel } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { within } from '../application/within.ts';
import { loggedFault } from '../domain/logged-fault.ts';
import { boltLogger } from './bolt-logger.ts';
import type { Door } from './door.ts';
import { readBody } from './http-body.ts';
import { bodyLimit, judgeBody, judgeHead, type RequestHead, slackPath, type Verdict } from './http-guard.ts';
import { createHttpServer, listening, refuse, requestWithinMs, type Serve } from './http-server.ts';
import { SlackRefused } from './refused.ts';
import type { OnRejected, Rejection } from './rejection.ts';
import { createRejectionLog } from './rejection-log.ts';
import { Replays } from './replays.ts';

export interface HttpDoorOptions {
  readonly signingSecret: string;
  /** 0: a free one, which the log line names. */
  readonly port: number;
  readonly log: Log;
  readonly onRejected?: OnRejected | undefined;
}

/** How long a stop waits for requests that are on their way in. */
const closeWithinMs = 2_000;

/** HTTP mode: Slack posts to us. A guard of our own stands before Bolt, whose check of the signature stays on. */
export function createHttpDoor({ signingSecret, port, log, onRejected }: HttpDoorOptions): Door {
  const reject = createRejectionLog({ log, onRejected, now: () => performance.now() });
  const receiver = createReceiver(signingSecret, log, reject);
  const replays = new Replays();
  const open = new Set<ServerResponse>();
  let isClosing = false;

  const handle = async (request: IncomingMessage, response: ServerResponse, goOn: () => void) => {
    const turnAway = (rejection: Rejection) => {
      reject(rejection);
      refuse(request, response, rejection);
    };
    const head = headOf(request);
    const early = judgeHead(head);
    if (early !== null) return turnAway(early);
    goOn();
    const read = await readBody(request, { atMost: bodyLimit, withinMs: requestWithinMs });
    if (read.kind !== 'read') return turnAway(notRead[read.kind]);
    const verdict = judgeBody({ head, body: read.body, signingSecret, now: Date.now(), replays });
    if (verdict.kind === 'rejected') return turnAway(verdict.rejection);
    if (verdict.kind === 'ssl_check') return void response.writeHead(200, { connection: 'close' }).end();
    handOn(receiver, { request, response, body: read.body, verdict });
  };
  const serve: Serve = (request, response, goOn) => {
    open.add(response);
    response.once('close', () => open.delete(response));
    if (isClosing) closeAfter(response);
    handle(request, response, goOn).catch((error: unknown) => {
      log.error({ error: loggedFault(error) }, 'request of Slack could not be handed on');
      if (response.headersSent) response.destroy();
      else refuse(request, response, { reason: 'malformed', status: 400 });
    });
  };
  const server = createHttpServer({ serve, reject });

  return {
    receiver,
    async open() {
      const at = await listening(server, port).catch((error: unknown) => {
        throw listenFault(error, port);
      });
      server.on('error', (error) => log.warn({ error: loggedFault(error) }, 'connection of Slack could not be taken'));
      log.info({ port: at, path: slackPath }, 'listening for Slack');
    },
    async close() {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const response of open) closeAfter(response);
      await within(closed, closeWithinMs);
      server.closeAllConnections();
      await closed;
    },
    get isOpen() {
      return server.listening;
    },
  };
}

const notRead: Readonly<Record<'oversized' | 'slow' | 'cut_off', Rejection>> = {
  oversized: { reason: 'oversized', status: 413 },
  slow: { reason: 'slow', status: 408 },
  cut_off: { reason: 'malformed', status: 400 },
};

/** Our listeners ack first and never throw: what is not acked in time is heard by none, and what throws is not understood. */
function createReceiver(signingSecret: string, log: Log, reject: (rejection: Rejection) => void): HTTPReceiver {
  const answer = (request: IncomingMessage, response: ServerResponse, rejection: Rejection) => {
    if (response.headersSent) return;
    reject(rejection);
    refuse(request, response, rejection);
  };
  return new HTTPReceiver({
    signingSecret,
    endpoints: slackPath,
    bodyLimit,
    logger: boltLogger(log),
    logLevel: LogLevel.WARN,
    unhandledRequestHandler: ({ request, response }) => answer(request, response, { reason: 'unheard', status: 404 }),
    async processEventErrorHandler({ error, request, response }) {
      log.warn({ error: loggedFault(error) }, 'request of Slack not understood');
      answer(request, response, { reason: 'malformed', status: 400 });
      return true;
    },
  });
}

interface Accepted {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly verdict: Extract<Verdict, { kind: 'accepted' }>;
}

/** Bolt takes a body that has been read from `rawBody`, and compares the content type letter by letter. */
function handOn(receiver: HTTPReceiver, { request, response, body, verdict }: Accepted): void {
  request.headers['content-type'] = verdict.contentType;
  receiver.requestListener(Object.assign(request, { rawBody: body }), response);
}

function headOf({ method = '', url = '', httpVersion, headersDistinct }: IncomingMessage): RequestHead {
  return { method, url, httpVersion, headers: headersDistinct };
}

function closeAfter(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}

function listenFault(error: unknown, port: number): SlackRefused {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const why: Readonly<Record<string, string>> = { EADDRINUSE: 'is taken', EACCES: 'may not be used by this user' };
  const sentence = `Port ${port} ${why[code] ?? `cannot be listened on (${code})`}: set PORT to another one.`;
  return new SlackRefused('port', sentence, { cause: error });
}
