import { LogLevel, SocketModeReceiver, type webApi } from '@slack/bolt';
import type { Log } from '../application/deps.ts';
import { boltLogger } from './bolt-logger.ts';
import { SlackConnection } from './connection.ts';
import type { Door } from './door.ts';
import type { SlackRefused } from './refused.ts';

export interface SocketDoorOptions {
  readonly appToken: string;
  /** How `apps.connections.open` is called. */
  readonly calls: webApi.WebClientOptions;
  readonly log: Log;
  readonly onLost: (fault: SlackRefused) => void;
}

/** Socket Mode. */
export function createSocketDoor({ appToken, calls, log, onLost }: SocketDoorOptions): Door {
  const receiver = new SocketModeReceiver({
    appToken,
    logger: boltLogger(log),
    logLevel: LogLevel.WARN,
    autoReconnectEnabled: false,
    installerOptions: { clientOptions: calls },
  });
  const connection = new SlackConnection({ client: receiver.client, log, onLost });
  return {
    receiver,
    open: () => connection.open(),
    close: () => connection.close(),
    get isOpen() {
      return connection.isOpen;
    },
  };
}
