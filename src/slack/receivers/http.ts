import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTPReceiver, LogLevel } from '@slack/bolt';
import type { Logger } from '../../application/context.ts';
import { withTimeout } from '../../lib/async.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { boltLogger } from '../bolt-logger.ts';
import { SlackConnectionError } from '../slack-errors.ts';
import { readBody } from './http-body.ts';
import { createHttpServer, listen, type RequestHandler, requestTimeoutMs, sendRejection } from './http-server.ts';
import {
  maxBodyBytes,
  type RequestHead,
  slackPath,
  type VerifyResult,
  verifyHeaders,
  verifyRequest,
} from './http-verification.ts';
import type { SlackReceiver } from './receiver.ts';
import type { HttpRejection, OnRequestRejected } from './rejection.ts';
import { createRejectionRecorder } from './rejection-log.ts';
import { ReplayCache } from './replay-cache.ts';

export interface HttpReceiverOptions {
  readonly signingSecret: string;
  /** 0: a free one, which the log line names. */
  readonly port: number;
  readonly log: Logger;
  readonly onRequestRejected?: OnRequestRejected | undefined;
}

/** How long a stop waits for requests that are on their way in. */
const closeTimeoutMs = 2_000;

/** HTTP mode: Slack posts to us. A guard of our own stands before Bolt, whose check of the signature stays on. */
export function createHttpReceiver({
  signingSecret,
  port,
  log,
  onRequestRejected,
}: HttpReceiverOptions): SlackReceiver {
  const recordRejection = createRejectionRecorder({ log, onRequestRejected, now: () => performance.now() });
  const boltReceiver = createBoltHttpReceiver(signingSecret, log, recordRejection);
  const replayCache = new ReplayCache();
  const openResponses = new Set<ServerResponse>();
  let isClosing = false;

  const handle = async (request: IncomingMessage, response: ServerResponse, sendContinue: () => void) => {
    const reject = (rejection: HttpRejection) => {
      recordRejection(rejection);
      sendRejection(request, response, rejection);
    };
    const head = toRequestHead(request);
    const headerRejection = verifyHeaders(head);
    if (headerRejection !== null) return reject(headerRejection);
    sendContinue();
    const bodyResult = await readBody(request, { maxBytes: maxBodyBytes, timeoutMs: requestTimeoutMs });
    if (bodyResult.kind !== 'read') return reject(bodyRejections[bodyResult.kind]);
    const verification = verifyRequest({ head, body: bodyResult.body, signingSecret, now: Date.now(), replayCache });
    if (verification.kind === 'rejected') return reject(verification.rejection);
    if (verification.kind === 'ssl_check') return void response.writeHead(200, { connection: 'close' }).end();
    forward(boltReceiver, { request, response, body: bodyResult.body, verification });
  };
  const serve: RequestHandler = (request, response, sendContinue) => {
    openResponses.add(response);
    response.once('close', () => openResponses.delete(response));
    if (isClosing) closeAfterResponse(response);
    handle(request, response, sendContinue).catch((error: unknown) => {
      log.error({ error: serializeError(error) }, 'request of Slack could not be handed on');
      if (response.headersSent) response.destroy();
      else sendRejection(request, response, { reason: 'malformed', status: 400 });
    });
  };
  const server = createHttpServer({ serve, recordRejection });

  return {
    boltReceiver,
    async start() {
      const listeningPort = await listen(server, port).catch((error: unknown) => {
        throw toListenError(error, port);
      });
      server.on('error', (error) =>
        log.warn({ error: serializeError(error) }, 'connection of Slack could not be taken'),
      );
      log.info({ port: listeningPort, path: slackPath }, 'listening for Slack');
    },
    async stop() {
      isClosing = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const response of openResponses) closeAfterResponse(response);
      await withTimeout(closed, closeTimeoutMs);
      server.closeAllConnections();
      await closed;
    },
    get isConnected() {
      return server.listening;
    },
  };
}

const bodyRejections: Readonly<Record<'oversized' | 'slow' | 'cut_off', HttpRejection>> = {
  oversized: { reason: 'oversized', status: 413 },
  slow: { reason: 'slow', status: 408 },
  cut_off: { reason: 'malformed', status: 400 },
};

/** Our listeners ack first and never throw: what is not acked in time is heard by none, and what throws is not understood. */
function createBoltHttpReceiver(
  signingSecret: string,
  log: Logger,
  recordRejection: (rejection: HttpRejection) => void,
): HTTPReceiver {
  const respondWithRejection = (request: IncomingMessage, response: ServerResponse, rejection: HttpRejection) => {
    if (response.headersSent) return;
    recordRejection(rejection);
    sendRejection(request, response, rejection);
  };
  return new HTTPReceiver({
    signingSecret,
    endpoints: slackPath,
    bodyLimit: maxBodyBytes,
    logger: boltLogger(log),
    logLevel: LogLevel.WARN,
    unhandledRequestHandler: ({ request, response }) =>
      respondWithRejection(request, response, { reason: 'unheard', status: 404 }),
    async processEventErrorHandler({ error, request, response }) {
      log.warn({ error: serializeError(error) }, 'request of Slack not understood');
      respondWithRejection(request, response, { reason: 'malformed', status: 400 });
      return true;
    },
  });
}

interface VerifiedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: Buffer;
  readonly verification: Extract<VerifyResult, { kind: 'accepted' }>;
}

/** Bolt takes a body that has been read from `rawBody`, and compares the content type letter by letter. */
function forward(receiver: HTTPReceiver, { request, response, body, verification }: VerifiedRequest): void {
  request.headers['content-type'] = verification.contentType;
  receiver.requestListener(Object.assign(request, { rawBody: body }), response);
}

function toRequestHead({ method = '', url = '', httpVersion, headersDistinct }: IncomingMessage): RequestHead {
  return { method, url, httpVersion, headers: headersDistinct };
}

function closeAfterResponse(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}

function toListenError(error: unknown, port: number): SlackConnectionError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  const reasons: Readonly<Record<string, string>> = { EADDRINUSE: 'is taken', EACCES: 'may not be used by this user' };
  const message = `Port ${port} ${reasons[code] ?? `cannot be listened on (${code})`}: set PORT to another one.`;
  return new SlackConnectionError('port', message, { cause: error });
}
