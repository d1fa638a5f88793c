import type { IncomingMessage, ServerResponse } from 'node:http';
import { HTTPReceiver, LogLevel } from '@slack/bolt';
import type { Logger } from '../../application/context.ts';
import { withTimeout } from '../../lib/async.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { messages } from '../../messages/catalog.ts';
import { boltLogger } from '../bolt-logger.ts';
import { SlackConnectionError } from '../slack-connection-error.ts';
import { createRejectionRecorder, type HttpRejection } from './http-rejections.ts';
import {
  createHttpServer,
  type ListenOptions,
  listen,
  type RequestHandler,
  readBody,
  sendRejection,
} from './http-server.ts';
import {
  maxBodyBytes,
  type RequestHead,
  slackPath,
  type VerifyResult,
  verifyHeaders,
  verifyRequest,
} from './http-verification.ts';
import type { OnRequestRejected, SlackReceiver } from './receiver.ts';

/** Port 0: a free port, which is logged. */
export interface HttpReceiverOptions extends ListenOptions {
  readonly signingSecret: string;
  readonly log: Logger;
  readonly onRequestRejected?: OnRequestRejected | undefined;
}

/** How long `stop` waits for requests that have begun to arrive. */
const closeTimeoutMs = 2_000;

/**
 * HTTP mode: Slack posts every request to the bot. The bot limits and verifies a request before Bolt gets it. Bolt's own check
 * of the signature stays on. Duplicates are not detected here: listeners drop them by their trigger id, which is in Redis.
 */
export function createHttpReceiver({
  signingSecret,
  port,
  host,
  log,
  onRequestRejected,
}: HttpReceiverOptions): SlackReceiver {
  const recordRejection = createRejectionRecorder({ log, onRequestRejected, now: () => performance.now() });
  const boltReceiver = createBoltHttpReceiver(signingSecret, log, recordRejection);
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
    const bodyResult = await readBody(request, maxBodyBytes);
    if (bodyResult.kind === 'aborted') return;
    if (bodyResult.kind === 'too_large') return reject({ reason: 'too_large', status: 413 });
    const { body } = bodyResult;
    const verification = verifyRequest({ head, body, signingSecret, now: Date.now() });
    if (verification.kind === 'rejected') return reject(verification.rejection);
    if (verification.kind === 'ssl_check') return void response.writeHead(200, { connection: 'close' }).end();
    forward(boltReceiver, { request, response, body, verification });
  };
  const serve: RequestHandler = (request, response, sendContinue) => {
    openResponses.add(response);
    response.once('close', () => openResponses.delete(response));
    if (isClosing) closeAfterResponse(response);
    handle(request, response, sendContinue).catch((error: unknown) => {
      log.error({ error: serializeError(error) }, 'failed to forward a request from Slack to Bolt');
      if (response.headersSent) response.destroy();
      else sendRejection(request, response, { reason: 'malformed', status: 400 });
    });
  };
  const server = createHttpServer({ serve, recordRejection });

  return {
    boltReceiver,
    async start() {
      const listeningPort = await listen(server, { port, host }).catch((error: unknown) => {
        throw toListenError(error, port);
      });
      server.on('error', (error) =>
        log.warn({ error: serializeError(error) }, 'failed to accept a connection from Slack'),
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
    get isReady() {
      return server.listening;
    },
  };
}

/**
 * Rejects what Bolt cannot handle. The listeners ack first and never throw, so a request without an ack has no listener, and an
 * error means that Bolt could not read the request.
 */
function createBoltHttpReceiver(
  signingSecret: string,
  log: Logger,
  recordRejection: (rejection: HttpRejection) => void,
): HTTPReceiver {
  const reject = (request: IncomingMessage, response: ServerResponse, rejection: HttpRejection) => {
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
    unhandledRequestHandler: ({ request, response }) => reject(request, response, { reason: 'unhandled', status: 404 }),
    async processEventErrorHandler({ error, request, response }) {
      log.warn({ error: serializeError(error) }, 'cannot read a request from Slack');
      reject(request, response, { reason: 'malformed', status: 400 });
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

/**
 * Bolt reads a body that has arrived from `rawBody`. Workaround for Bolt 5.1.0, no upstream issue found: Bolt takes a form with
 * a charset in its content type for JSON. Remove the header line when Bolt parses the media type.
 */
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
  return new SlackConnectionError('port', messages.startErrors.portUnavailable(port, code), { cause: error });
}
