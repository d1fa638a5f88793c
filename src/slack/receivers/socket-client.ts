import { LogLevel, SocketModeReceiver, type webApi } from '@slack/bolt';
import { z } from 'zod';
import type { Logger } from '../../application/context.ts';
import { serializeError } from '../../logging/serialize-error.ts';
import { boltLogger } from '../bolt-logger.ts';
import type { SocketTiming } from './socket-timing.ts';

export interface SocketModeClientOptions {
  readonly appToken: string;
  /** How `apps.connections.open` is called. */
  readonly webClientOptions: webApi.WebClientOptions;
  readonly log: Logger;
  readonly timing: SocketTiming;
}

/** What a frame of Slack is to us; its payload is Bolt's. */
const frameSchema = z.object({ type: z.string(), reason: z.string().optional(), envelope_id: z.string().optional() });
export type Frame = Readonly<z.infer<typeof frameSchema>>;

/** Bolt's receiver for one socket. It neither connects again by itself nor throws what nobody catches. */
export function createBoltSocketReceiver({
  appToken,
  webClientOptions,
  log,
  timing,
}: SocketModeClientOptions): SocketModeReceiver {
  return new SocketModeReceiver({
    appToken,
    logger: boltLogger(log),
    logLevel: LogLevel.WARN,
    autoReconnectEnabled: false,
    clientPingTimeout: timing.pongTimeoutMs,
    serverPingTimeout: timing.pingTimeoutMs,
    installerOptions: { clientOptions: { ...webClientOptions } },
    processEventErrorHandler: async ({ error }) => {
      log.error({ error: serializeError(error) }, 'Bolt could not handle a request');
      return false;
    },
  });
}

/**
 * Shows every frame before the library sees it; it sees only those for which `pass` says so. It would close the socket at
 * once at a `disconnect`, and leaves a rejection unhandled at a frame that it cannot read.
 */
export function interceptFrames(
  client: SocketModeReceiver['client'],
  log: Logger,
  shouldForward: (frame: Frame) => boolean,
): void {
  const [handle] = client.listeners('ws_message');
  if (handle === undefined) throw new Error('the Socket Mode client does not listen for frames');
  client.removeAllListeners('ws_message');
  client.on('ws_message', async (data: unknown, isBinary: unknown) => {
    try {
      const frame = frameSchema.parse(JSON.parse(String(data)));
      if (shouldForward(frame)) await handle(data, isBinary);
    } catch (error) {
      log.warn({ error: serializeError(error) }, 'frame of Slack not understood');
    }
  });
}
